//! What can be wrong between a caller and the agent, and with the agent itself.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use windlass_api::RemoteError;
use windlass_foundation::explain::{ExitCode, Explain};

/// Why the agent could not be asked, or could not serve.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The operator's file is not the usual one and names no socket.
    #[error("`{}` does not say at which socket the agent is asked", config.display())]
    NoSocket {
        /// The operator's file.
        config: PathBuf,
    },
    /// Something else is where the socket should be.
    #[error("`{}` is there and is no socket", path.display())]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// Another program listens there.
    #[error("another program listens at `{}`", path.display())]
    Taken {
        /// The socket.
        path: PathBuf,
    },
    /// The socket could not be made, or a file beside it.
    #[error("cannot listen at `{}`", path.display())]
    Listen {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A port could not be had.
    #[error("`{key}` of `[agent]` cannot be had: the agent cannot listen at {address}")]
    Port {
        /// The key of the operator's file.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The group of the socket does not exist.
    #[error("the group `{group}`, which may open the agent's socket, does not exist on this host")]
    NoGroup {
        /// The group.
        group: String,
    },
    /// Another user could have made the socket.
    #[error("`{}` is not trusted: {why}", path.display())]
    Untrusted {
        /// The socket.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The caller may not open the socket.
    #[error("you may not open the agent's socket `{}`", path.display())]
    Closed {
        /// The socket.
        path: PathBuf,
    },
    /// The socket is there, and no process listens.
    #[error("no agent answers at `{}`", path.display())]
    Dead {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
        /// Whether the agent said that it stops, and when.
        stopped: Option<String>,
    },
    /// The connection broke in the middle of an answer.
    #[error("the agent at `{}` did not answer", path.display())]
    Broken {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What it answered is not what an agent answers.
    #[error("what answers at `{}` is no agent that this command line understands: {why}", path.display())]
    Foreign {
        /// The socket.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Caller and agent are of different versions.
    #[error("{0}")]
    Version(String),
    /// The agent went away and did not come back.
    #[error("the agent went away while `{operation}` ran, and was not there again within {seconds} seconds")]
    Gone {
        /// The operation.
        operation: String,
        /// How long it was waited for.
        seconds: u64,
        /// Whether it is a deployment, which is resumed.
        deploys: bool,
    },
    /// The agent was restarted, and what did not change anything was not kept.
    #[error("the agent was restarted before it answered")]
    Restarted,
    /// There is no operation to look at.
    #[error("the agent carries nothing out now")]
    NoOperation,
    /// Several operations go on.
    #[error("several operations go on: {0}")]
    SeveralOperations(String),
    /// A command that only an agent carries out.
    #[error("no agent stays on this host: there is no socket `{}`", path.display())]
    NoAgent {
        /// Where it would be.
        path: PathBuf,
    },
    /// A file of the agent could not be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What the agent said.
    #[error(transparent)]
    Told(Box<RemoteError>),
}

impl From<RemoteError> for AgentError {
    fn from(error: RemoteError) -> Self {
        Self::Told(Box::new(error))
    }
}

impl Explain for AgentError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Taken { .. } => ExitCode::Busy,
            Self::Port { source, .. } if source.kind() == io::ErrorKind::AddrInUse => ExitCode::Busy,
            Self::NoSocket { .. } | Self::NotASocket { .. } | Self::NoGroup { .. } | Self::Port { .. } => {
                ExitCode::Configuration
            }
            Self::Listen { .. } | Self::Write { .. } | Self::Foreign { .. } => ExitCode::Unexpected,
            Self::Untrusted { .. } | Self::Closed { .. } | Self::Version(_) => ExitCode::Refused,
            Self::Dead { .. } | Self::Broken { .. } | Self::Restarted | Self::NoAgent { .. } => ExitCode::Unavailable,
            Self::Gone { deploys, .. } => {
                if *deploys {
                    ExitCode::Interrupted
                } else {
                    ExitCode::Unavailable
                }
            }
            Self::NoOperation => ExitCode::NotFound,
            Self::SeveralOperations(_) => ExitCode::Usage,
            Self::Told(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoSocket { .. } => "write `socket = \"/run/windlass/NAME.sock\"` below `[agent]` in it".to_owned(),
            Self::NotASocket { path } => format!("look what `{}` is, and move it away", path.display()),
            Self::Taken { .. } => "stop the other program, or write another `socket` below `[agent]`".to_owned(),
            Self::Port { key, address, source } if source.kind() == io::ErrorKind::AddrInUse => format!(
                "`ss -ltnp 'sport = :{}'` shows which program listens there: stop it, or write another `{key}` below `[agent]` \
                 in agent.toml",
                address.port()
            ),
            Self::Port { key, .. } => {
                format!("write another `{key}` below `[agent]` in agent.toml: an address of this host and a port from 1024 on")
            }
            Self::NoGroup { group } => {
                format!("make it with `groupadd --system {group}`, or write another `group` below `[agent]` in agent.toml")
            }
            Self::Untrusted { .. } => {
                "the socket and its directory must belong to root or to the agent's user, and no other user may write there"
                    .to_owned()
            }
            Self::Closed { .. } => "the operator adds you to the group of the socket (`ls -l` shows it)".to_owned(),
            Self::Dead { stopped: Some(since), .. } => {
                format!("it was stopped in order at {since}; `systemctl start windlass` starts it")
            }
            Self::Dead { path, .. } => format!(
                "start the agent (`systemctl start windlass`; `journalctl -u windlass` says why it ended), or remove \
                 `{}` to work without one",
                path.display()
            ),
            Self::Broken { .. } => "look at `journalctl -u windlass`; then try again".to_owned(),
            Self::Gone { operation, deploys: true, .. } => format!(
                "the agent resumes the deployment when it starts; then `windlass attach {operation}` shows it from the beginning"
            ),
            Self::Gone { .. } | Self::Restarted => "it changed nothing: run the command again".to_owned(),
            Self::NoOperation => "`windlass history` lists all deployments".to_owned(),
            Self::SeveralOperations(_) => "name one of them: `windlass attach ID`".to_owned(),
            Self::NoAgent { .. } => {
                "without an agent, a deployment lives in the process that was typed; `windlass show` shows finished ones"
                    .to_owned()
            }
            Self::Told(error) => return error.hint(),
            Self::Listen { .. } | Self::Write { .. } | Self::Foreign { .. } | Self::Version(_) => return None,
        })
    }

    fn place(&self) -> Option<windlass_foundation::explain::Place> {
        match self {
            Self::Told(error) => error.place(),
            _ => None,
        }
    }

    fn parts(&self) -> Vec<windlass_foundation::explain::Part> {
        match self {
            Self::Told(error) => error.parts(),
            _ => Vec::new(),
        }
    }
}
