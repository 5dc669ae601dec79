//! What kind of failure it is: the words of the contract and those of the agent itself, and how a process ends by them.
//!
//! What becomes of a deployment because of it is not decided here.

use windlass_domain::Failure;

use super::ExitCode;

/// What kind of failure it is, as its code says. The list of codes grows, and plugins have words of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// The operator has not granted it, or no operator can.
    CapabilityDenied,
    /// There was no answer in time.
    Timeout,
    /// What was asked for is not there.
    NotFound,
    /// Something else is in the way.
    Conflict,
    /// It is more than is allowed.
    LimitExceeded,
    /// What was asked makes no sense.
    InvalidArgument,
    /// A file that a person wrote is wrong.
    InvalidConfig,
    /// A server cannot be reached, or does not work.
    Unavailable,
    /// There is no trusted connection with the server.
    Untrusted,
    /// It was stopped.
    Cancelled,
    /// What was asked for cannot be done there.
    Unsupported,
    /// It was not foreseen.
    Internal,
    /// The server does not know who asks.
    Unauthorized,
    /// The server knows who asks, and says no.
    Forbidden,
    /// The server wants to be asked less often.
    RateLimited,
    /// A gate or the operator says no.
    Refused,
    /// What runs is not what was planned from.
    Stale,
    /// The strategy's plan cannot be used.
    InvalidPlan,
    /// The disk of the agent's state is full.
    DiskFull,
    /// The release was not verified.
    NotProved,
    /// What runs already is not well.
    NotWell,
    /// Nothing is undone, because of the data's migration.
    Frozen,
    /// A release of earlier cannot be used any more: its files or its plugin are gone.
    Unusable,
    /// A word of a plugin, `plugin:…`, or one that this agent does not know.
    Other(String),
}

impl FailureKind {
    /// All kinds that have a word of their own.
    pub const KNOWN: [Self; 23] = [
        Self::CapabilityDenied,
        Self::Timeout,
        Self::NotFound,
        Self::Conflict,
        Self::LimitExceeded,
        Self::InvalidArgument,
        Self::InvalidConfig,
        Self::Unavailable,
        Self::Untrusted,
        Self::Cancelled,
        Self::Unsupported,
        Self::Internal,
        Self::Unauthorized,
        Self::Forbidden,
        Self::RateLimited,
        Self::Refused,
        Self::Stale,
        Self::InvalidPlan,
        Self::DiskFull,
        Self::NotProved,
        Self::NotWell,
        Self::Frozen,
        Self::Unusable,
    ];

    /// The kind of a failure.
    #[must_use]
    pub fn of(failure: &Failure) -> Self {
        Self::read(&failure.code)
    }

    /// The kind that a code means.
    #[must_use]
    pub fn read(code: &str) -> Self {
        let known = Self::KNOWN.into_iter().find(|kind| kind.word() == code);
        known.unwrap_or_else(|| Self::Other(code.to_owned()))
    }

    /// The kind of an error that ends a process so.
    #[must_use]
    pub fn of_exit(exit: ExitCode) -> Self {
        match exit {
            ExitCode::Configuration => Self::InvalidConfig,
            ExitCode::Usage => Self::InvalidArgument,
            ExitCode::Unavailable => Self::Unavailable,
            ExitCode::NotFound => Self::NotFound,
            ExitCode::Refused => Self::Refused,
            ExitCode::Succeeded
            | ExitCode::Unexpected
            | ExitCode::RolledBack
            | ExitCode::Stuck
            | ExitCode::Busy
            | ExitCode::Interrupted
            | ExitCode::Stale => Self::Internal,
        }
    }

    /// The code: a kebab-case word to branch on.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::CapabilityDenied => "capability-denied",
            Self::Timeout => "timeout",
            Self::NotFound => "not-found",
            Self::Conflict => "conflict",
            Self::LimitExceeded => "limit-exceeded",
            Self::InvalidArgument => "invalid-argument",
            Self::InvalidConfig => "invalid-config",
            Self::Unavailable => "unavailable",
            Self::Untrusted => "untrusted",
            Self::Cancelled => "cancelled",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate-limited",
            Self::Refused => "refused",
            Self::Stale => "stale",
            Self::InvalidPlan => "invalid-plan",
            Self::DiskFull => "disk-full",
            Self::NotProved => "not-proved",
            Self::NotWell => super::NOT_WELL,
            Self::Frozen => "frozen",
            Self::Unusable => "unusable",
            Self::Other(word) => word,
        }
    }

    /// How a process ends that failed so before anything was touched; none where the kind says nothing about that, and it
    /// depends on what was asked for.
    #[must_use]
    pub fn exit(&self) -> Option<ExitCode> {
        match self {
            Self::Unavailable | Self::Timeout | Self::RateLimited | Self::Unauthorized | Self::DiskFull => {
                Some(ExitCode::Unavailable)
            }
            Self::InvalidConfig | Self::InvalidArgument | Self::CapabilityDenied => Some(ExitCode::Configuration),
            Self::NotFound => Some(ExitCode::NotFound),
            Self::Stale => Some(ExitCode::Stale),
            Self::Refused | Self::Conflict => Some(ExitCode::Refused),
            Self::LimitExceeded
            | Self::Untrusted
            | Self::Cancelled
            | Self::Unsupported
            | Self::Internal
            | Self::Forbidden
            | Self::InvalidPlan
            | Self::NotProved
            | Self::NotWell
            | Self::Frozen
            | Self::Unusable
            | Self::Other(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_its_kind_and_every_other_word_is_kept() {
        for kind in FailureKind::KNOWN {
            assert_eq!(FailureKind::read(kind.word()), kind);
            assert!(!matches!(kind, FailureKind::Other(_)));
        }
        for word in ["plugin:job-failed", "Timeout", "", "of-tomorrow"] {
            assert_eq!(FailureKind::read(word), FailureKind::Other(word.to_owned()));
            assert_eq!(FailureKind::read(word).word(), word);
        }
    }
}
