//! What recorders are told.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Failure, Release, Report};

/// The format number that this library writes in [`Event::format`].
pub const EVENT_FORMAT: u32 = 1;

/// The end of a deployment, as recorders are told about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// The format of this document.
    pub format: u32,
    /// The same for every attempt to deliver this event to this recorder.
    pub idempotency_key: String,
    /// The deployment's id.
    pub deployment: String,
    /// The deployment's place in this host's history; grows by one.
    pub sequence: u64,
    /// The application's name.
    pub application: String,
    /// The environment's name.
    pub environment: String,
    /// The host's name.
    pub host: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it was `refused` or `rolled-back` because a user or a signal stopped it, and nothing failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Whether it was a rollback.
    pub rollback: bool,
    /// Who asked for it.
    pub actor: String,
    /// Why, where they said: `--reason`, the cause of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The release that was asked for.
    pub release: Release,
    /// What ran before; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Release>,
    /// What runs now: the release when it succeeded; `previous` when it was refused or rolled back and something of it was
    /// seen to run; none when nothing runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Release>,
    /// What is not as it should be about what runs, one sentence, where it was looked at and something is: after a
    /// deployment that was refused or rolled back, and where the agent found something later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    pub finished: String,
    /// What the checks said.
    #[serde(default)]
    pub checks: Vec<NamedReport>,
    /// What the verification and the smoke tests said.
    #[serde(default)]
    pub smoke: Vec<NamedReport>,
    /// What failed, when something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What the agent found about what runs after the deployment had ended. Then the end is told once more, with another
    /// key, because of this alone; none when the end itself is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
}

/// What the agent found about what runs after its deployment had ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Found {
    /// `watch`, which asks what a deployment asks before it counts as succeeded, or `drift`, which compares what runs with
    /// what was deployed.
    pub by: String,
    /// What it found, one sentence; none when all is as it was deployed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// When, RFC 3339.
    pub at: String,
}

/// A report and the name that the release file gives to who made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct NamedReport {
    /// The name in the release file.
    pub name: String,
    /// What it said.
    pub report: Report,
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The release runs, proved.
    Succeeded,
    /// It ran already; nothing was touched.
    Unchanged,
    /// A gate said no; nothing was touched.
    Refused,
    /// Something was touched and everything is as before.
    RolledBack,
    /// Undo failed; a person must resolve it.
    Stuck,
}
