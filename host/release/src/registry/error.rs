//! Why a registry gave no answer.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use windlass_domain::Failure;
use windlass_domain::reference::Reference;
use windlass_foundation::explain::{ExitCode, Explain};

/// What is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The repository.
    Repository,
    /// The tag.
    Tag,
    /// The digest.
    Digest,
}

/// Why a registry gave no answer. No text holds a password or a token.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry knows no such thing.
    #[error("{}", missing_text(*missing, reference))]
    NotFound {
        /// What is not there.
        missing: Missing,
        /// What was asked for.
        reference: Reference,
        /// Tags that are there, the likeliest first.
        nearest: Vec<String>,
    },
    /// The registry refuses the credentials, or wants some.
    #[error("registry `{registry}` refuses {} access to `{repository}`{}", user_text(user.as_deref()), said_text(said))]
    Unauthorized {
        /// The registry.
        registry: String,
        /// The repository's path.
        repository: String,
        /// The user whose credentials were sent; none for anonymous access.
        user: Option<String>,
        /// What the registry said; empty when it said nothing.
        said: String,
    },
    /// The registry wants to be asked less often.
    #[error("registry `{registry}` limits how often it may be asked{}", wait_text(*retry_after))]
    RateLimited {
        /// The registry.
        registry: String,
        /// When it may be asked again, if it says so.
        retry_after: Option<Duration>,
    },
    /// The registry cannot be reached, or does not work.
    #[error("registry `{registry}` is unavailable: {reason}")]
    Unavailable {
        /// The registry.
        registry: String,
        /// What happened.
        reason: String,
    },
    /// It is, or leads to, an address where no registry is expected: link-local, a cloud's metadata service.
    #[error("registry `{registry}` leads to {address}, where no registry is expected")]
    Closed {
        /// The registry.
        registry: String,
        /// The address that would have been asked.
        address: IpAddr,
    },
    /// There is no trusted connection.
    #[error("there is no trusted connection to registry `{registry}`: {reason}")]
    Tls {
        /// The registry.
        registry: String,
        /// What happened.
        reason: String,
        /// Whether the server seems to speak HTTP without TLS.
        plain: bool,
    },
    /// The registry answers what it should not.
    #[error("registry `{registry}` gives an answer that cannot be used: {reason}")]
    Answer {
        /// The registry.
        registry: String,
        /// What is wrong.
        reason: String,
    },
    /// Docker's configuration or a credential helper does not work.
    #[error("cannot get the credentials for registry `{registry}`: {reason}")]
    Credentials {
        /// The registry.
        registry: String,
        /// What happened.
        reason: String,
    },
    /// The operator's file of certificate authorities cannot be used.
    #[error("cannot use the certificate authorities in `{}`", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn missing_text(missing: Missing, reference: &Reference) -> String {
    let repository = reference.repository();
    match missing {
        Missing::Repository => format!("`{repository}` does not exist at its registry"),
        Missing::Tag => format!("`{repository}` has no tag `{}`", reference.tag().unwrap_or("latest")),
        Missing::Digest => format!("`{repository}` has no image `{}`", reference.digest().unwrap_or_default()),
    }
}

fn user_text(user: Option<&str>) -> String {
    user.map_or_else(|| "anonymous".to_owned(), |user| format!("`{user}`"))
}

fn said_text(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

fn wait_text(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| format!(": not before {} s have passed", wait.as_secs()))
}

impl Explain for RegistryError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::NotFound { .. } => ExitCode::NotFound,
            Self::RateLimited { .. } | Self::Unavailable { .. } | Self::Answer { .. } => ExitCode::Unavailable,
            Self::Closed { .. }
            | Self::Unauthorized { .. }
            | Self::Tls { .. }
            | Self::Credentials { .. }
            | Self::Authorities { .. } => ExitCode::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { nearest, .. } if !nearest.is_empty() => {
                let list: Vec<_> = nearest.iter().map(|tag| format!("`{tag}`")).collect();
                Some(format!("tags that are there: {}", list.join(", ")))
            }
            Self::NotFound { missing: Missing::Tag, .. } => Some("it has no tags at all; was the image pushed?".into()),
            Self::NotFound { .. } => Some("was the image pushed there?".into()),
            Self::Unauthorized { registry, user: None, .. } => Some(format!(
                "log in with `docker login {registry}` as the agent's user, or give `username` and `password-secret` in \
                 `[registries.\"{registry}\"]` of agent.toml"
            )),
            Self::Unauthorized { registry, user: Some(_), .. } => Some(format!(
                "check the password and what the user may read; log in again with `docker login {registry}`"
            )),
            Self::RateLimited { .. } => Some("log in to the registry, or use a mirror; then try again".into()),
            Self::Closed { registry, address } => Some(format!(
                "an operator who knows that a registry is there adds to agent.toml:\n[registries.\"{registry}\"]\n\
                 addresses = [\"{address}\"]"
            )),
            Self::Tls { registry, plain: true, .. } => Some(format!(
                "it seems to speak HTTP; if that is meant, add to agent.toml:\n[registries.\"{registry}\"]\nplain-http = true"
            )),
            Self::Tls { registry, .. } => Some(format!(
                "if it has a certificate of your own authority, add to agent.toml:\n[registries.\"{registry}\"]\nca = \
                 \"/etc/windlass/ca.pem\""
            )),
            Self::Answer { registry, reason } if reason.contains("HTTPS server") => {
                Some(format!("remove `plain-http` from `[registries.\"{registry}\"]` of agent.toml"))
            }
            Self::Credentials { .. } => {
                Some("look at `credHelpers` and `credsStore` in Docker's `config.json` of the agent's user".into())
            }
            Self::Unavailable { .. } | Self::Answer { .. } | Self::Authorities { .. } => None,
        }
    }
}

impl RegistryError {
    /// As a capability's answer, with the codes of `wit/0.2/common.wit`.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let code = match self {
            Self::NotFound { .. } => "not-found",
            Self::Unauthorized { .. } | Self::Credentials { .. } => "unauthorized",
            Self::RateLimited { .. } => "rate-limited",
            Self::Closed { .. } => "capability-denied",
            Self::Unavailable { .. } | Self::Tls { .. } | Self::Answer { .. } | Self::Authorities { .. } => {
                "unavailable"
            }
        };
        let retryable = matches!(self, Self::RateLimited { .. } | Self::Unavailable { .. });
        let message = match self {
            Self::Authorities { source, .. } => format!("{self}: {source}"),
            _ => self.to_string(),
        };
        Failure { code: code.into(), message, retryable, details: self.hint().map(|hint| json!({ "hint": hint })) }
    }
}
