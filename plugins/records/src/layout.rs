//! The layout of the state file: stable, because CI jobs read it.
//!
//! `jq -r .applications.kudos.artifacts.backend.digest uat.json` answers which image runs. Fields are added, never
//! renamed or removed within a format number; whatever else stands in the file is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use windlass_sdk::documents::ReleaseDocument;
use windlass_sdk::prelude::Outcome;

/// The format number of files that this version writes, and the newest that it changes.
pub const STATE_FORMAT: u32 = 1;

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct StateFile {
    /// The format of this file: 1.
    pub format: u32,
    /// The environment's name.
    pub environment: String,
    /// When the file was written last: the end of that deployment, RFC 3339.
    pub updated: String,
    /// What runs, by application.
    #[serde(default)]
    pub applications: BTreeMap<String, Application>,
    /// Fields of others.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// What runs of one application; `version` to `artifacts` are null and empty when nothing does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Application {
    /// The version label that people use.
    pub version: Option<String>,
    /// The commit, in full.
    pub commit: Option<String>,
    /// The release's id.
    pub release: Option<String>,
    /// Images by artifact name.
    pub artifacts: BTreeMap<String, Artifact>,
    /// Which deployment brought it.
    pub deployment: Option<String>,
    /// Since when, RFC 3339.
    pub since: Option<String>,
    /// What was seen not to be as it should be about what runs, one sentence; null while nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The release that runs and where it was proved, from which `windlass promote` makes it run elsewhere.
    pub record: Option<ReleaseDocument>,
    /// The last deployment, whatever its outcome.
    pub last: Option<Attempt>,
    /// The last deployments, newest first, `last` included.
    pub history: Vec<Attempt>,
    /// Fields of others.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// An image that runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Artifact {
    /// The repository with its registry.
    pub repository: String,
    /// The tag that was asked for.
    #[serde(default)]
    pub tag: Option<String>,
    /// `sha256:…`
    pub digest: String,
}

/// One deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Attempt {
    /// Its id.
    pub deployment: String,
    /// Its place in the host's history.
    pub sequence: u64,
    /// The host.
    pub host: String,
    /// How it ended: `succeeded`, `unchanged`, `refused`, `rolled-back` or `stuck`.
    pub outcome: Outcome,
    /// Whether it ended so because a person stopped it, and nothing failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Whether it was a rollback.
    pub rollback: bool,
    /// The version label that was asked for.
    pub version: String,
    /// The commit that was asked for.
    #[serde(default)]
    pub commit: Option<String>,
    /// Who asked.
    pub actor: String,
    /// Why: what they said, or what failed.
    #[serde(default)]
    pub reason: Option<String>,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    pub finished: String,
}
