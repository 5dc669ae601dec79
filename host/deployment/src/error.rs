//! Why a deployment could not be made at all, or was left open. How one ended is not an error: that is an `Ending`.

use windlass_domain::Outcome;
use windlass_foundation::explain::{ExitCode, Explain, Part, Place};
use windlass_journal::Status;

use super::backend::BackendError;
use super::request::to_resolve;

/// Why there is no ending.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds the application.
    #[error("`{application}` is held by {holder}")]
    Busy {
        /// The application's name.
        application: String,
        /// Who, and since when.
        holder: String,
    },
    /// An earlier deployment is stuck.
    #[error("deployment {deployment} of `{application}` is stuck: {reason}")]
    Blocked {
        /// The application's name.
        application: String,
        /// The deployment's id.
        deployment: String,
        /// What went wrong.
        reason: String,
    },
    /// It was stopped in the middle, as asked, and is left open.
    #[error("deployment {deployment} of `{application}` {}", left_open(*status))]
    Interrupted {
        /// The application's name.
        application: String,
        /// The deployment's id.
        deployment: String,
        /// What it was doing.
        status: Status,
    },
    /// Stopped before there was a deployment.
    #[error("stopped before a deployment began")]
    Stopped,
    /// There is nothing to resume.
    #[error("no deployment of `{application}` is open")]
    NothingOpen {
        /// The application's name.
        application: String,
    },
    /// There is nothing that is stuck.
    #[error("no deployment of `{application}` is stuck")]
    NothingStuck {
        /// The application's name.
        application: String,
    },
    /// No such deployment, commit or version in this application's history.
    #[error("there is no such release of `{application}`: {wished}")]
    NoTarget {
        /// The application's name.
        application: String,
        /// What was asked for.
        wished: String,
    },
    /// What was asked for is about a deployment that another one followed.
    #[error("`{application}` is not what deployment {deployment} made any more: another one followed")]
    Followed {
        /// The application's name.
        application: String,
        /// The deployment's id.
        deployment: String,
    },
    /// The plan file doesn't belong here.
    #[error("the plan {reason}")]
    PlanFile {
        /// Why not.
        reason: String,
    },
    /// A plan or the gates could not be made, without a deployment.
    #[error(transparent)]
    Failed(#[from] BackendError),
    /// The lock could not be taken for another reason than being held.
    #[error("cannot lock `{application}` in the state directory")]
    Lock {
        /// The application's name.
        application: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] windlass_journal::Error),
}

/// The state in which a deployment was left open after a request to end at once.
fn left_open(status: Status) -> String {
    match status {
        Status::Settled(Outcome::Succeeded) => {
            "succeeded, and was left open: the old version may still run, and recorders may not have been told"
                .to_owned()
        }
        Status::Settled(_) => "was left open after it ended: recorders may not have been told".to_owned(),
        status => format!("was left open while {}", status.word()),
    }
}

impl Explain for Error {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Busy { .. } => ExitCode::Busy,
            Self::Blocked { .. } => ExitCode::Stuck,
            Self::Interrupted { .. } | Self::Stopped => ExitCode::Interrupted,
            Self::NothingOpen { .. } | Self::NothingStuck { .. } | Self::NoTarget { .. } => ExitCode::NotFound,
            Self::Followed { .. } => ExitCode::Stale,
            Self::PlanFile { .. } => ExitCode::Usage,
            Self::Failed(error) => error.exit(),
            Self::Lock { .. } => ExitCode::Configuration,
            Self::Journal(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Busy { .. } => Some("wait for it with `--wait 10m`".to_owned()),
            Self::Blocked { application, deployment, .. } => {
                Some(format!("see `windlass show {deployment}`, {}", to_resolve(application)))
            }
            Self::Interrupted { application, status: Status::Settled(_), .. } => {
                Some(format!("`windlass resume {application}` does the rest, and so does the next deployment"))
            }
            Self::Interrupted { application, .. } => {
                Some(format!("`windlass resume {application}` goes on, and puts back what was touched"))
            }
            Self::NoTarget { application, .. } | Self::Followed { application, .. } => {
                Some(format!("see `windlass history {application}`"))
            }
            Self::Failed(error) => error.hint(),
            Self::Journal(error) => error.hint(),
            Self::Stopped
            | Self::NothingOpen { .. }
            | Self::NothingStuck { .. }
            | Self::PlanFile { .. }
            | Self::Lock { .. } => None,
        }
    }

    fn place(&self) -> Option<Place> {
        match self {
            Self::Failed(error) => error.place(),
            _ => None,
        }
    }

    fn parts(&self) -> Vec<Part> {
        match self {
            Self::Failed(error) => error.parts(),
            _ => Vec::new(),
        }
    }
}
