//! Why the journal could not be read or written.

use std::path::PathBuf;

use windlass_foundation::explain::{ExitCode, Explain};

use super::format::JOURNAL_FORMAT;
use super::store;
use super::transition::Illegal;

/// Why the journal could not be read or written. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state directory cannot be made or entered.
    #[error("cannot use the state directory `{}`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The state directory or the file system below it is read-only.
    #[error("the journal `{}` cannot be written: it is read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// There is no room left.
    #[error("the journal `{}` cannot be written: the disk is full", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Another process keeps the journal locked.
    #[error("the journal `{}` is being written by another process", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file isn't a journal, or is damaged.
    #[error("`{}` is not a readable journal", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
        #[source]
        source: store::SqliteError,
    },
    /// A newer agent wrote the journal.
    #[error(
        "the journal `{}` has format {found}, this agent ({agent}) reads formats up to {JOURNAL_FORMAT}",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format that was found.
        found: u32,
        /// This agent's version.
        agent: &'static str,
    },
    /// A line of the journal cannot be read.
    #[error("line {sequence} of the journal cannot be read")]
    Line {
        /// The line.
        sequence: u64,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A line doesn't follow on the ones before it.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// There is no such deployment.
    #[error("the journal has no deployment `{0}`")]
    NoDeployment(String),
    /// The beginning of an id fits several.
    #[error("`{wished}` is the beginning of several deployments: {}", found.join(", "))]
    Ambiguous {
        /// What was asked for.
        wished: String,
        /// Some that fit.
        found: Vec<String>,
    },
    /// A value could not be turned into JSON.
    #[error("a line for the journal cannot be written as JSON")]
    Encoding(#[source] serde_json::Error),
    /// A test broke it.
    #[error("the journal was broken on purpose")]
    Broken,
    /// Anything else that `SQLite` says.
    #[error("the journal `{}` failed", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
        #[source]
        source: store::SqliteError,
    },
}

impl Explain for Error {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Directory { .. } | Self::ReadOnly { .. } | Self::Newer { .. } => ExitCode::Configuration,
            Self::DiskFull { .. } => ExitCode::Unavailable,
            Self::Busy { .. } => ExitCode::Busy,
            Self::NoDeployment(_) | Self::Ambiguous { .. } => ExitCode::NotFound,
            Self::Damaged { .. }
            | Self::Line { .. }
            | Self::Illegal(_)
            | Self::Encoding(_)
            | Self::Broken
            | Self::Sqlite { .. } => ExitCode::Unexpected,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Directory { .. } | Self::ReadOnly { .. } => Some(
                "the agent must be able to write its state directory: set `state-directory` in agent.toml, or run it as the directory's owner".to_owned(),
            ),
            Self::DiskFull { path } => {
                Some(format!("make room on the file system of `{}`, then try again", path.display()))
            }
            Self::Newer { .. } => Some("install the agent that wrote it, or a newer one".to_owned()),
            Self::Damaged { .. } | Self::Line { .. } | Self::Illegal(_) => {
                Some("`windlass audit verify` says which line is wrong".to_owned())
            }
            Self::NoDeployment(_) => Some("`windlass history` lists them".to_owned()),
            Self::Busy { .. } | Self::Ambiguous { .. } | Self::Encoding(_) | Self::Broken | Self::Sqlite { .. } => None,
        }
    }
}
