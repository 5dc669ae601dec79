//! What a step does: the `details` and `before` of a plan's steps.
//!
//! Stored in the journal, so fields are only added, with defaults. Everything that a step needs is here, because
//! another process, perhaps another day, applies it again or undoes it. A new container is never named by its id,
//! which no plan can know, but by the service and the deployment that made it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::desired::Endpoint;
use crate::state::Old;

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(crate) enum Operation {
    /// Gets an image.
    Pull {
        /// The immutable reference.
        reference: String,
        /// What it must be built for; all of them.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        platforms: BTreeSet<String>,
    },
    /// Makes a network.
    CreateNetwork {
        /// Its name.
        name: String,
        /// The engine's body.
        body: Value,
    },
    /// Makes a volume.
    CreateVolume {
        /// Its name.
        name: String,
        /// The engine's body.
        body: Value,
    },
    /// Makes a container and connects it, without starting it.
    Create {
        /// Which one.
        container: New,
        /// Whether it gets a temporary name, because the old one still has the final one.
        temporary: bool,
        /// The engine's body.
        body: Value,
        /// Its connections; the first one is part of the body.
        endpoints: Vec<Endpoint>,
        /// The immutable reference of its image.
        reference: String,
        /// By service, the containers that `service:NAME` in the body stands for.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        shares: BTreeMap<String, Shared>,
        /// By path in the container, the anonymous volumes of the old one that it takes over, where its body or its
        /// image has one there.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        carried: BTreeMap<String, String>,
    },
    /// Nothing: what needs this step needs all that this step needs.
    Gather,
    /// Stops the containers of `before`.
    Stop,
    /// Gives the final name to the new container; the old one that has it gets another.
    Rename {
        /// The new one.
        container: New,
    },
    /// Starts the new container.
    Start {
        /// The new one.
        container: New,
        /// For stopping it again.
        grace_seconds: u64,
        /// Its connections at that time.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        endpoints: Vec<Endpoint>,
    },
    /// Starts the containers of `before`, which are as they should be but do not run.
    StartAgain {
        /// Their connections.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        endpoints: Vec<Endpoint>,
    },
    /// Connects the containers of `before`, which run and are as they should be but lack connections or names.
    Connect {
        /// With names.
        endpoints: Vec<Endpoint>,
    },
    /// Starts the new container and waits until it ends with exit code 0.
    Run {
        /// The new one.
        container: New,
        /// At most.
        deadline_seconds: u64,
        /// For stopping it again.
        grace_seconds: u64,
        /// Its connections.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        endpoints: Vec<Endpoint>,
    },
    /// Waits until a container is healthy, or has run long enough without a health check.
    Await {
        /// The new one; none for the one of `before`.
        container: Option<New>,
        /// At most.
        deadline_seconds: u64,
        /// Without a health check: how long it must run.
        settle_milliseconds: u64,
        /// Its connections at that time.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        endpoints: Vec<Endpoint>,
        /// The service that waits until it is healthy, where its image was not here to be asked for a health check.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        for_service: Option<String>,
    },
    /// Gives the service's names on its networks to the new container and takes them from those of `before`.
    Switch {
        /// The new one.
        container: New,
        /// With names.
        endpoints: Vec<Endpoint>,
    },
    /// Lets the containers of `before` finish what they began.
    Drain {
        /// How long they may.
        milliseconds: u64,
    },
    /// Stops the containers of `before`.
    Retire {
        /// How long they may finish before; 0 where a step of its own did that.
        #[serde(default)]
        drain_milliseconds: u64,
    },
    /// Removes a stopped container.
    RemoveContainer {
        /// Its id.
        id: String,
    },
    /// Removes a network that nothing uses.
    RemoveNetwork {
        /// Its name.
        name: String,
    },
}

/// A container on which another one lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Shared {
    /// One that this deployment makes.
    New(New),
    /// The id of one that stays.
    Kept(String),
}

/// A container that this deployment makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct New {
    /// The service.
    pub(crate) service: String,
    /// The name that it has in the end.
    pub(crate) name: String,
}

impl New {
    /// The name that the container has while the old one has the final name.
    pub(crate) fn temporary_name(&self, deployment: &str) -> String {
        format!("{}-windlass-new-{}", self.name, word(deployment))
    }
}

/// The name of an old container after it has given its name to the new one.
pub(crate) fn old_name(name: &str, deployment: &str) -> String {
    format!("{name}-windlass-old-{}", word(deployment))
}

/// A deployment's id with the letters that names of containers may have.
fn word(deployment: &str) -> String {
    deployment
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() || "_.-".contains(letter) { letter } else { '-' })
        .collect()
}

/// What the plan saw.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Before {
    /// Containers that give way.
    #[serde(default)]
    pub(crate) containers: Vec<Old>,
}
