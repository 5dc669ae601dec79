//! The commands of Windlass carried out: [`Service::execute`] takes one as data, tells the caller what happens meanwhile,
//! and answers.
//!
//! [`commands`] has a module for each command. [`agent`] is what most of them open: the flow of a deployment together with
//! everything that it needs. Nothing here reads a command line or prints.

pub mod access;
pub mod agent;
pub mod by_itself;
pub mod caller;
mod commands;
mod error;
mod facts;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod init;
pub mod numbers;
pub mod presence;
mod rights;
mod run;
pub mod schemas;
mod scratch;
mod sent;
mod sink;
pub mod trigger;
mod wanted;
pub mod work;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use windlass_api::{Command, Reply};
use windlass_config::{Config, Right};
use windlass_deployment::Stop;
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::names::Instance;
use windlass_foundation::principal::Principal;
use windlass_journal::Mode;

pub use access::Asked;
pub use commands::trigger::transient;
pub use error::CommandError;
pub use rights::only_looks;
pub use sink::Sink;
pub use windlass_config::DEFAULT_PATH as DEFAULT_CONFIG;

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
    asked: Asked,
    /// The operator's file, where it was read already.
    read: Option<Arc<Config>>,
    /// The state directory that the agent holds; what the file says meanwhile counts from its next start.
    state: Option<Arc<Path>>,
}

impl Service {
    /// The service that reads this operator's file; none means `/etc/windlass/agent.toml`, and defaults where that is not
    /// there. Nothing is read before a command needs it.
    #[must_use]
    pub fn new(config: Option<PathBuf>, grammar: Grammar) -> Self {
        Self { config, grammar, asked: Asked::Directly, read: None, state: None }
    }

    /// The same where the operator's file was read already, so that it is read once.
    #[must_use]
    pub fn having_read(self, read: Option<Config>) -> Self {
        Self { read: read.map(Arc::new), ..self }
    }

    /// The same inside of the agent that stays, which acts with its own rights for others and holds this state directory.
    #[must_use]
    pub fn of_agent(self, state: &Path) -> Self {
        Self { asked: Asked::Agent, state: Some(state.into()), ..self }
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
        self.execute_as(principal, None, command, sink).await
    }

    /// The same; the deployment that it begins gets this id.
    ///
    /// # Errors
    /// As for [`Service::execute`].
    pub async fn execute_as(
        &self,
        principal: &Principal,
        id: Option<String>,
        command: Command,
        sink: Arc<dyn Sink>,
    ) -> Result<Reply, ExplainedError> {
        command.validate().map_err(CommandError::NotACommand)?;
        let run = Run::new(self, principal.clone(), rights::of(&command), sink).with_id(id);
        // Every command is in this one future: kept apart, it does not make those of all callers large.
        Box::pin(commands::execute(&run, command)).await
    }

    /// Refuses unless a principal has a right on an application; none means all applications.
    ///
    /// # Errors
    /// When it has not, or the operator's file cannot be read.
    pub fn authorize(
        &self,
        principal: &Principal,
        right: Right,
        application: Option<&str>,
    ) -> Result<(), ExplainedError> {
        let on = application.map_or(access::On::All, access::On::Application);
        Run::new(self, principal.clone(), vec![right], Arc::new(sink::Unheard)).allow(on)
    }

    /// The deployments that are open in the journal, the oldest first: what an earlier process left.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn open_deployments(&self) -> Result<Vec<(String, Instance)>, ExplainedError> {
        let agent = self.by_itself().open(Mode::Read).await?;
        let open = agent.journal.open_deployments(None)?;
        Ok(open.into_iter().map(|open| (open.id, open.instance)).collect())
    }

    /// The reply about a deployment that has ended, for a caller who did not hear it; none where no deployment with this id
    /// has ended here.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn ended(&self, deployment: &str) -> Result<Option<Reply>, ExplainedError> {
        commands::show::ended(&self.by_itself(), deployment).await
    }

    /// When the next event of a recorder is due; none where none waits.
    ///
    /// # Errors
    /// When the operator's file or the journal cannot be used.
    pub async fn next_delivery(&self) -> Result<Option<Timestamp>, ExplainedError> {
        commands::outbox::next_due(&self.by_itself()).await
    }

    /// Delivers to recorders what is due now, and says when the next event is due; none where none waits.
    ///
    /// # Errors
    /// When the operator's file, the journal or a lock cannot be used. What a recorder says is no error.
    pub(crate) async fn deliver_due(&self, stop: &Stop) -> Result<Option<Timestamp>, ExplainedError> {
        Box::pin(commands::outbox::deliver_due(&self.by_itself(), stop)).await
    }

    /// Looks who sent an event of a trigger, and what it means here. Nothing is written.
    ///
    /// # Errors
    /// When there is no such trigger, the sender is not proved ([`trigger::TriggerError`]), or it cannot be judged.
    pub async fn hear(&self, trigger: &str, message: &trigger::Message) -> Result<trigger::Heard, ExplainedError> {
        commands::trigger::hear(&self.by_itself(), trigger, message).await
    }

    /// Carries out what an event starts that was heard before; the deployment that it begins gets this id. One that is `kept`
    /// was begun before, and its end is not known.
    ///
    /// # Errors
    /// As for [`Service::execute`].
    pub(crate) async fn act(
        &self,
        event: trigger::Event,
        kept: bool,
        id: String,
        sink: Arc<dyn Sink>,
    ) -> Result<Reply, ExplainedError> {
        let run = Run::new(self, Principal::agent(), Vec::new(), sink).with_id(Some(id));
        Box::pin(commands::trigger::act(&run, event, kept)).await
    }

    /// Numbers about the deployments of this host.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn numbers(&self) -> Result<numbers::Numbers, ExplainedError> {
        Box::pin(numbers::read(&self.by_itself())).await
    }

    /// What the agent does by itself.
    fn by_itself(&self) -> Run {
        Run::new(self, Principal::agent(), Vec::new(), Arc::new(sink::Unheard))
    }
}
