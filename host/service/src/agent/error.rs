//! Why the agent could not be opened.

use windlass_capability::secrets::{KeyError, SecretError};
use windlass_config::ConfigError;
use windlass_foundation::explain::{ExitCode, Explain, Part, Place};
use windlass_foundation::private::StateError;
use windlass_sandbox::AdmissionError;

/// Why the agent could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operator's file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state directory is not the agent's own.
    #[error(transparent)]
    NotOwn(#[from] StateError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] windlass_journal::Error),
    /// The host's key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A secret that the agent itself needs: a registry's password.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The sandbox.
    #[error(transparent)]
    Sandbox(#[from] AdmissionError),
    /// The state directory could not be made.
    #[error("cannot make the state directory `{}`", path.display())]
    State {
        /// The directory.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A test gave no time.
    #[error("`WINDLASS_TEST_TIME` is `{time}`")]
    TestTime {
        /// What it is.
        time: String,
        /// Why that is no time.
        #[source]
        source: jiff::Error,
    },
}

impl Error {
    fn inner(&self) -> Option<&dyn Explain> {
        match self {
            Self::Config(error) => Some(error),
            Self::NotOwn(error) => Some(error),
            Self::Journal(error) => Some(error),
            Self::Key(error) => Some(error),
            Self::Secret(error) => Some(error),
            Self::Sandbox(error) => Some(error),
            Self::State { .. } | Self::TestTime { .. } => None,
        }
    }
}

impl Explain for Error {
    fn exit(&self) -> ExitCode {
        self.inner().map_or(ExitCode::Configuration, Explain::exit)
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::State { .. } => Some("set `state-directory` in agent.toml, or run the agent as its owner".to_owned()),
            other => other.inner().and_then(Explain::hint),
        }
    }

    fn place(&self) -> Option<Place> {
        self.inner().and_then(Explain::place)
    }

    fn parts(&self) -> Vec<Part> {
        self.inner().map_or_else(Vec::new, Explain::parts)
    }
}
