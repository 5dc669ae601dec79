//! Failures as plugins get them: codes of `wit/0.2/common.wit`, messages for the operator.

use std::io;
use std::time::Duration;

use bollard::errors::Error as EngineError;
use windlass_domain::Failure;

/// A failure with a code and a message, not retryable, without details.
pub(crate) fn failure(code: &str, message: impl Into<String>) -> Failure {
    Failure { code: code.to_owned(), message: message.into(), retryable: false, details: None }
}

/// The same with a hint for the operator.
pub(crate) fn hinted(code: &str, message: impl Into<String>, hint: &str) -> Failure {
    failure(code, message).hint(hint)
}

/// Why a request to the engine brought no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    /// The engine could not be reached, or went away.
    #[error("the Docker Engine does not answer at `{endpoint}`: {why}")]
    Unreachable {
        /// Where it should listen.
        endpoint: String,
        /// The operating system's words.
        why: String,
        /// What kind of error they are about.
        kind: io::ErrorKind,
        /// What to do.
        hint: &'static str,
    },
    /// It took too long.
    #[error("no answer from the Docker Engine within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The engine answered with an error.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The engine's words.
        message: String,
    },
    /// It is no engine that is deployed on.
    #[error("{message}")]
    Unsupported {
        /// What it is, and why not.
        message: String,
        /// What to do.
        hint: &'static str,
    },
    /// Something else: an answer that cannot be read.
    #[error("{0}")]
    Other(String),
}

impl RequestError {
    /// What bollard's error means.
    pub(crate) fn new(endpoint: &str, limit: Duration, error: &EngineError) -> Self {
        match error {
            EngineError::DockerResponseServerError { status_code, message } => {
                Self::Refused { status: *status_code, message: message.trim().to_owned() }
            }
            EngineError::DockerStreamError { error } => Self::Refused { status: 500, message: error.trim().to_owned() },
            EngineError::RequestTimeoutError => Self::Timeout(limit),
            EngineError::SocketNotFoundError(_) => {
                Self::unreachable(endpoint, io::ErrorKind::NotFound, "no such socket")
            }
            EngineError::IOError { .. }
            | EngineError::HyperLegacyError { .. }
            | EngineError::HyperResponseError { .. } => {
                let mut cause: &dyn std::error::Error = error;
                while let Some(deeper) = cause.source() {
                    cause = deeper;
                }
                let kind = cause.downcast_ref::<io::Error>().map_or(io::ErrorKind::Other, io::Error::kind);
                Self::unreachable(endpoint, kind, &cause.to_string())
            }
            other => Self::Other(format!("the Docker Engine's answer cannot be used: {other}")),
        }
    }

    fn unreachable(endpoint: &str, kind: io::ErrorKind, why: &str) -> Self {
        let hint = match kind {
            io::ErrorKind::PermissionDenied => "run as root, or as a member of the group that owns the socket",
            _ => "start the engine (`systemctl start docker`), or correct `[docker] endpoint` in `agent.toml`",
        };
        Self::Unreachable { endpoint: endpoint.to_owned(), why: why.to_owned(), kind, hint }
    }

    /// The status of the engine's refusal.
    pub(crate) fn status(&self) -> Option<u16> {
        if let Self::Refused { status, .. } = self { Some(*status) } else { None }
    }

    /// Whether it is the connection that broke, so that the same request may succeed on another.
    pub(crate) fn lost_connection(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Whether an engine that is not there yet may answer later.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { kind, .. } if *kind != io::ErrorKind::PermissionDenied)
    }

    /// For a plugin: `what` says what was tried, as in `start container web`.
    pub(crate) fn into_failure(self, what: &str) -> Failure {
        let message = format!("cannot {what}: {self}");
        match self {
            Self::Unreachable { hint, .. } => Failure { retryable: true, ..hinted("unavailable", message, hint) },
            Self::Timeout(_) => Failure { retryable: true, ..failure("timeout", message) },
            Self::Unsupported { hint, .. } => hinted("unsupported", message, hint),
            Self::Other(_) => failure("internal", message),
            Self::Refused { status, message: words } => {
                let words = words.to_ascii_lowercase();
                if words.contains("port is already allocated") || words.contains("address already in use") {
                    return hinted("conflict", message, "another process listens on that port; `ss -ltnp` shows which");
                }
                if words.contains("no space left on device") {
                    return hinted("unavailable", message, "the disk is full; `docker system df` shows what uses it");
                }
                // The engine says this as an error of its own, and it is about the image's program.
                if words.contains("exec format error") || words.contains("executable file not found") {
                    return failure("invalid-argument", message);
                }
                match status {
                    400 => failure("invalid-argument", message),
                    404 => failure("not-found", message),
                    403 | 409 => failure("conflict", message),
                    429 | 503 => Failure { retryable: true, ..failure("unavailable", message) },
                    _ => failure("internal", message),
                }
            }
        }
    }
}
