//! What an error must say to be shown to a person, and the exit codes, which are an API.

use std::error::Error;

/// How the process ends. The numbers never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitCode {
    /// The release runs, or ran already; or the question was answered.
    Succeeded,
    /// Something that nobody foresaw.
    Unexpected,
    /// The command line was wrong.
    Usage,
    /// A file was wrong: `agent.toml`, `release.toml`, a Compose file, a plugin.
    Configuration,
    /// A gate said no: nothing was touched.
    Refused,
    /// Something failed and everything is as before.
    RolledBack,
    /// Undo failed: a person must resolve it.
    Stuck,
    /// Another deployment holds the application.
    Busy,
    /// The deployment was left open in the journal: `windlass resume` goes on.
    Interrupted,
    /// The engine, a registry or another server cannot be reached.
    Unavailable,
    /// The plan was made against another state than the one that is there now.
    Stale,
    /// The named application, deployment, plugin or release does not exist.
    NotFound,
}

impl ExitCode {
    /// The number for the operating system.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Succeeded => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Refused => 10,
            Self::RolledBack => 11,
            Self::Stuck => 12,
            Self::Busy => 13,
            Self::Interrupted => 14,
            Self::Unavailable => 15,
            Self::Stale => 16,
            Self::NotFound => 17,
        }
    }
}

/// An error that knows how the process should end and what the person can do next.
///
/// The text of the error says what failed, on what and why, in lower case; sources carry the causes. The renderer
/// prints `error:`, each `caused by:`, and `hint:`; nobody else formats errors.
pub trait Explain: Error {
    /// How the process ends because of this.
    fn exit(&self) -> ExitCode;

    /// What to do next, where that is known. Typed text is in backticks.
    fn hint(&self) -> Option<String> {
        None
    }
}
