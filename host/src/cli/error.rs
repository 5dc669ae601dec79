//! What can be wrong with a command line and with the files of the person who typed it.

use std::path::PathBuf;

use windlass_foundation::explain::{ExitCode, Explain};

/// Why a command line could not be followed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// There is no schema with that name.
    #[error("there is no schema `{name}`")]
    UnknownSchema {
        /// What was asked for.
        name: String,
        /// All that there are.
        known: Vec<&'static str>,
    },
    /// There is no terminal where a person could say yes.
    #[error("nothing was written: this is not a terminal, so the question cannot be asked")]
    NotAsked,
    /// The person said no.
    #[error("nothing was written, as you said")]
    Declined,
    /// The user is not there.
    #[error("this host knows no user `{name}`")]
    NoUser {
        /// By name or number.
        name: String,
    },
    /// The same program could not be started again.
    #[error("the gate cannot begin anew")]
    Again(#[source] std::io::Error),
    /// A file that was named could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// `--plan` already says which release.
    #[error("`--plan` already says which release; `{option}` cannot change it")]
    PlanDecides {
        /// The option that was given too.
        option: &'static str,
    },
    /// An archive would be written to a terminal.
    #[error("standard output is a terminal, and an archive is nothing to read")]
    ArchiveForTerminal,
    /// A release document already says which release.
    #[error("`{}` is one release; `{wanted}` cannot choose another one", path.display())]
    DocumentDecides {
        /// The document.
        path: PathBuf,
        /// What was asked for too.
        wanted: String,
    },
    /// A command or its reply is lost between the command line and the service.
    #[error("the command cannot be passed to the service")]
    Wire(#[source] serde_json::Error),
    /// The working directory is not known, and a path is relative to it.
    #[error("the working directory is not known")]
    Directory(#[source] std::io::Error),
    /// The asynchronous runtime could not start.
    #[error("cannot start worker threads")]
    Runtime(#[source] std::io::Error),
    /// A file could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Explain for CliError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::UnknownSchema { .. } | Self::NoUser { .. } => ExitCode::NotFound,
            Self::NotAsked
            | Self::Declined
            | Self::PlanDecides { .. }
            | Self::ArchiveForTerminal
            | Self::DocumentDecides { .. } => ExitCode::Usage,
            Self::Write { .. } | Self::Read { .. } => ExitCode::Configuration,
            Self::Wire(_) | Self::Directory(_) | Self::Runtime(_) | Self::Again(_) => ExitCode::Unexpected,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownSchema { known, .. } => Some(format!("known are `{}`", known.join("`, `"))),
            Self::NotAsked => Some("look at the files above, then write them with `--yes`".to_owned()),
            Self::ArchiveForTerminal => Some(
                "send it on, as in `windlass bundle . | ssh HOST deploy APP --bundle -`, or write it to a file with `--out`"
                    .to_owned(),
            ),
            Self::DocumentDecides { wanted, .. } => Some(format!(
                "leave out `{wanted}`; or name the application instead of the file, `windlass release show APP {wanted}`"
            )),
            Self::Write { .. }
            | Self::Read { .. }
            | Self::NoUser { .. }
            | Self::Declined
            | Self::PlanDecides { .. }
            | Self::Wire(_)
            | Self::Again(_)
            | Self::Directory(_)
            | Self::Runtime(_) => None,
        }
    }
}
