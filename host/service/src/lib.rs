//! The commands of Windlass carried out: [`Service::execute`] takes one as data, tells the caller what happens meanwhile,
//! and answers.
//!
//! [`commands`] has a module for each command. [`agent`] is what most of them open: the flow of a deployment together with
//! everything that it needs. Nothing here reads a command line or prints.

pub mod access;
pub mod agent;
pub mod caller;
mod commands;
mod error;
mod facts;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod init;
mod rights;
mod run;
pub mod schemas;
mod sink;
pub mod trigger;

use std::path::PathBuf;
use std::sync::Arc;

use windlass_api::{Command, Reply};
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::principal::Principal;

pub use error::CommandError;
pub use sink::Sink;

use run::Run;

/// Reads a command as it is typed, without the name of the program. `[triggers]` in `agent.toml` have such commands.
pub type Grammar = fn(&[String]) -> Result<Command, Ungrammatical>;

/// Why a typed command could not be read.
#[derive(Debug)]
pub enum Ungrammatical {
    /// It is no command: what the parser says.
    Usage(String),
    /// A file that it names could not be read.
    Unreadable(ExplainedError),
}

/// Windlass on one host.
#[derive(Debug, Clone)]
pub struct Service {
    config: Option<PathBuf>,
    grammar: Grammar,
}

impl Service {
    /// The service that reads this operator's file; none means `/etc/windlass/agent.toml`, and defaults where that is not
    /// there. Nothing is read before a command needs it.
    #[must_use]
    pub fn new(config: Option<PathBuf>, grammar: Grammar) -> Self {
        Self { config, grammar }
    }

    /// Carries out a command of this principal. The sink hears events until this returns.
    ///
    /// # Errors
    /// When the command could not be carried out. A deployment that was refused, rolled back or is stuck is an answer.
    pub async fn execute(
        &self,
        principal: &Principal,
        command: Command,
        sink: Arc<dyn Sink>,
    ) -> Result<Reply, ExplainedError> {
        command.validate().map_err(CommandError::NotACommand)?;
        commands::execute(&Run::new(self, principal.clone(), rights::of(&command), sink), command).await
    }
}
