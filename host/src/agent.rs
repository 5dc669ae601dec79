//! The agent: everything that a command needs, opened once from the operator's file.
//!
//! It connects the flow with real releases, plugins and Docker. It prints nothing and decides nothing about a
//! deployment.

use std::path::PathBuf;
use std::sync::Arc;

use crate::deployment::Engine;
use crate::journal::{Journal, Mode};
use crate::progress::{Unwatched, Watch};
use crate::redact::Redactor;
use crate::report::{Explain, ExitCode};

/// How to open the agent.
#[derive(Clone)]
pub struct Options {
    /// The operator's file; none means `/etc/windlass/agent.toml`, and defaults where that isn't there.
    pub config: Option<PathBuf>,
    /// A state directory instead of the one in the file.
    pub state_directory: Option<PathBuf>,
    /// Whether the command writes.
    pub mode: Mode,
    /// Who watches what happens.
    pub watch: Arc<dyn Watch>,
}

impl Default for Options {
    fn default() -> Self {
        Self { config: None, state_directory: None, mode: Mode::Write, watch: Arc::new(Unwatched) }
    }
}

/// Everything that a command needs.
pub struct Agent {
    /// Where the state is.
    pub state_directory: PathBuf,
    /// The environment's name.
    pub environment: String,
    /// The record: `status`, `history`, `show`, `logs`, `audit verify` ask it.
    pub journal: Arc<Journal>,
    /// Removes secrets from texts.
    pub redactor: Redactor,
    /// What the flow works with: `deployment::run(&agent.engine, …)`.
    pub engine: Engine,
}

/// Why the agent could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] crate::journal::Error),
    /// A part is not built yet.
    #[error("the agent cannot be opened yet")]
    NotYet,
}

impl Explain for Error {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Journal(error) => error.exit(),
            Self::NotYet => ExitCode::Unexpected,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Journal(error) => error.hint(),
            Self::NotYet => None,
        }
    }
}

impl Agent {
    /// Opens it.
    pub async fn open(options: Options) -> Result<Self, Error> {
        let _ = options;
        Err(Error::NotYet)
    }
}
