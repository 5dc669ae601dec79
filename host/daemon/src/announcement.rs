//! What the agent says about itself while it stays, for the log of the host. Who writes it there, and in which words, is not known
//! here. Nothing of it is a secret.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use windlass_foundation::explain::ExitCode;

/// Takes what the agent says. It must not block.
pub type Announce = Arc<dyn Fn(Announcement) + Send + Sync>;

/// What the agent says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Announcement {
    /// A port is bound, and answers when the agent is ready.
    Port {
        /// The key of the operator's file that names it.
        key: &'static str,
        /// Where it listens.
        address: SocketAddr,
    },
    /// It takes commands.
    Ready {
        /// Its socket.
        socket: PathBuf,
        /// How many deployments of an earlier process it resumes.
        resumed: usize,
    },
    /// It began a command that is more than a look.
    Began(Operation),
    /// Such a command has ended, or is left open until the next agent.
    Ended {
        /// Which.
        operation: Operation,
        /// How: the exit code of the command line.
        exit: ExitCode,
        /// Why it could not be carried out, where it could not.
        error: Option<String>,
    },
    /// A request to a hook started nothing because it was refused.
    HookRefused {
        /// The trigger, where there is one of that name.
        trigger: Option<String>,
        /// Why.
        why: String,
        /// How many more were refused since the last time that this was said.
        more: u64,
    },
    /// It was asked to end, and lets the steps end that are in flight.
    Stopping {
        /// How many operations go on.
        running: usize,
    },
    /// It could not write down that it is stopped in order; callers will think that it crashed.
    NoWord(String),
    /// The outbox could not be looked at.
    OutboxFailed(String),
    /// It found or did something by itself, in a sentence.
    ByItself(String),
    /// It has ended.
    Stopped,
}

/// An operation, as the log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// The command's word.
    pub command: String,
    /// Whether its id is that of a deployment, where there is one.
    pub deploys: bool,
    /// The application, where it is known.
    pub application: Option<String>,
    /// Who asked for it.
    pub by: String,
}

impl Announcement {
    /// The operation that it is about.
    #[must_use]
    pub fn operation(&self) -> Option<&Operation> {
        match self {
            Self::Began(operation) | Self::Ended { operation, .. } => Some(operation),
            _ => None,
        }
    }

    /// Whether a person should look at it.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        match self {
            Self::Ended { exit, .. } => *exit != ExitCode::Succeeded,
            Self::HookRefused { .. } | Self::NoWord(_) | Self::OutboxFailed(_) | Self::ByItself(_) => true,
            Self::Port { .. } | Self::Ready { .. } | Self::Began(_) | Self::Stopping { .. } | Self::Stopped => false,
        }
    }
}
