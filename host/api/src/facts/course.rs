//! The course of a deployment, for who wants to see where its time went: what was planned, when each thing was done, and what
//! was logged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use windlass_domain::Change;

use super::deployment::LogFact;

/// What was planned, when each thing was done, and what was logged.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CourseFact {
    /// Whether a process works on it now; one that is open and does not run was interrupted.
    pub works: bool,
    /// What the plan changes, and why. Values of environment variables are left out.
    pub changes: Vec<Change>,
    /// What the plan warns of.
    pub warnings: Vec<String>,
    /// When each thing was done, in the order in which they began.
    pub spans: Vec<SpanFact>,
    /// The lines of the log, the oldest first; of many, the last ones.
    pub log: Vec<LogFact>,
    /// How many lines before these are left out.
    pub log_left_out: usize,
}

/// Something that took its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SpanFact {
    /// `phase`, `step`, `undo`, `check` or `smoke`.
    pub kind: String,
    /// The phase in which it began: `resolve`, `plan`, `check`, `apply`, `verify`, `sweep`, `record` or `undo`.
    pub phase: String,
    /// What it was: the title of a step, the name of a check or a smoke test, the word of the phase.
    pub title: String,
    /// When it began, RFC 3339.
    pub began: String,
    /// When it ended, RFC 3339; none while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// `running`, `done`, `failed`, or `interrupted` where no process saw its end.
    pub state: String,
}
