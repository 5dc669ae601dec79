//! What runs now, as the world shows it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The format number that this library writes in [`Observation::format`].
pub const OBSERVATION_FORMAT: u32 = 1;

/// What runs now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Observation {
    /// The format of this document.
    pub format: u32,
    /// Changes when and only when something changed that a plan depends on: not with uptime or health.
    pub fingerprint: String,
    /// Everything of the application that runs or should.
    pub parts: Vec<Part>,
    /// What the fingerprint was made from, by thing: `container kudos-web-1` with `id` and `state`. From two of these
    /// people are told what changed. Nothing secret, and nothing that the application changes by working.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub basis: BTreeMap<String, BTreeMap<String, String>>,
}

/// One running part of an application: a container, a unit, a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Part {
    /// The service: `backend`.
    pub service: String,
    /// The instance, as its own tools name it: `kudos-backend-1`.
    pub instance: String,
    /// The id of the release that put it there, where it is marked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The version label that people use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The immutable reference that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// `running`, `restarting`, `exited`, or the word of what runs it.
    pub state: String,
    /// `healthy`, `unhealthy`, `starting`; none without a health check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<String>,
    /// How often it was restarted since it was made.
    #[serde(default)]
    pub restarts: u64,
    /// Since when it is in this state, RFC 3339, by the clock of what runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What keeps it from being reached although it runs, one sentence: a network that it is not connected to, say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Whether it was meant to end, and ended well: it need not run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finished: bool,
}

impl Part {
    /// Whether it runs, well or not.
    #[must_use]
    pub fn runs(&self) -> bool {
        matches!(self.state.as_str(), "running" | "restarting" | "paused")
    }

    /// What is not as it should be about it, in a few words: `restarting`, `is unhealthy`. None where it is well, and
    /// where it is only about to be.
    #[must_use]
    pub fn ill(&self) -> Option<String> {
        if self.finished {
            return None;
        }
        match (self.state.as_str(), self.health.as_deref(), &self.trouble) {
            ("running", Some("unhealthy"), _) => Some("is unhealthy".to_owned()),
            ("running", _, Some(trouble)) => Some(format!("cannot be reached: {trouble}")),
            ("running", ..) => None,
            ("restarting", ..) => Some("ends and is restarted by the engine again and again".to_owned()),
            ("paused", ..) => Some("is paused".to_owned()),
            (state, ..) => Some(format!("does not run: {state}")),
        }
    }
}
