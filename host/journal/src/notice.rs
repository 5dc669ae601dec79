//! Lines about an application that belong to no deployment: what a person said, and what the agent found. A part of the stored
//! format: see [`super::format`].

use serde::{Deserialize, Serialize};

use super::actor::Actor;

/// One line of the journal that is about an application and belongs to no deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Notice {
    /// Deployments of it are refused from here on.
    Frozen {
        /// Who says so.
        #[serde(flatten)]
        actor: Actor,
        /// Why.
        reason: String,
    },
    /// It may be deployed again.
    Unfrozen {
        /// Who says so.
        #[serde(flatten)]
        actor: Actor,
        /// Why, where they said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Deployments of every other release are refused from here on.
    Pinned {
        /// Who says so.
        #[serde(flatten)]
        actor: Actor,
        /// Why.
        reason: String,
        /// The release's id.
        release: String,
        /// Its label.
        version: String,
    },
    /// Other releases may be deployed again.
    Unpinned {
        /// Who says so.
        #[serde(flatten)]
        actor: Actor,
        /// Why, where they said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Deployments of this release are refused from here on.
    Quarantined {
        /// Who says so.
        #[serde(flatten)]
        actor: Actor,
        /// Why.
        reason: String,
        /// The release's id.
        release: String,
        /// Its label.
        version: String,
    },
    /// A person decided that an event is not delivered to a recorder.
    Untold {
        /// Who says so.
        #[serde(flatten)]
        actor: Actor,
        /// Why.
        reason: String,
        /// The recorder's name in the release file.
        recorder: String,
        /// The deployment's id.
        deployment: String,
        /// The event's idempotency key; none in lines of format 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
    },
    /// A recorder will not take the event of a deployment and receives later events without it. A person has to look.
    SetAside {
        /// The recorder's name in the release file.
        recorder: String,
        /// The deployment's id.
        deployment: String,
        /// The event's idempotency key.
        key: String,
        /// The failure's code.
        code: String,
        /// Why.
        reason: String,
        /// What to do about it, where the recorder says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// An event that was set aside waits for delivery again.
    Requeued {
        /// Who says so.
        #[serde(flatten)]
        actor: Actor,
        /// The recorder's name in the release file.
        recorder: String,
        /// The deployment's id.
        deployment: String,
        /// The event's idempotency key.
        key: String,
    },
    /// The agent found that what runs is not as its deployment left it.
    Ailing {
        /// What found it.
        about: Concern,
        /// The deployment that made what runs.
        deployment: String,
        /// What it found, one sentence.
        what: String,
    },
    /// It is as the deployment left it again.
    Recovered {
        /// What found it.
        about: Concern,
        /// The deployment that made what runs.
        deployment: String,
    },
    /// This release may be deployed again.
    Unquarantined {
        /// Who says so.
        #[serde(flatten)]
        actor: Actor,
        /// Why, where they said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// The release's id.
        release: String,
    },
}

impl Notice {
    /// The word in the journal.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Frozen { .. } => "frozen",
            Self::Unfrozen { .. } => "unfrozen",
            Self::Pinned { .. } => "pinned",
            Self::Unpinned { .. } => "unpinned",
            Self::Quarantined { .. } => "quarantined",
            Self::Unquarantined { .. } => "unquarantined",
            Self::Untold { .. } => "untold",
            Self::SetAside { .. } => "set-aside",
            Self::Requeued { .. } => "requeued",
            Self::Ailing { .. } => "ailing",
            Self::Recovered { .. } => "recovered",
        }
    }
}

/// What the agent looks at after a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Concern {
    /// Whether what runs still passes the verification and the smoke tests.
    Watch,
    /// Whether what runs is still what was deployed.
    Drift,
}

impl Concern {
    /// The word in the tables and for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Drift => "drift",
        }
    }

    /// The concern of a word in the tables.
    pub(crate) fn of(word: &str) -> Self {
        if word == "drift" { Self::Drift } else { Self::Watch }
    }
}
