//! What a plugin says about itself before any of its code runs: the custom section `windlass.manifest`.
//!
//! The section is read, never executed. It is the only source of a plugin's name, kind and wishes.

use serde::{Deserialize, Serialize};

use super::Kind;

/// The custom section's name.
pub(super) const SECTION: &str = "windlass.manifest";

/// The newest format of the manifest that this agent reads.
pub(super) const MANIFEST_FORMAT: u32 = 1;

/// What a plugin says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of this document.
    pub format: u32,
    /// The plugin's name: lower-case letters, digits and `-`.
    pub name: String,
    /// Its version, semantic versioning.
    pub version: String,
    /// What it is for.
    pub kind: Kind,
    /// The version of the contract that it was built against.
    pub contract: String,
    /// What it would like to reach.
    #[serde(default)]
    pub capabilities: Vec<Ask>,
}

/// A capability that a plugin asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// `docker-read`, `docker-write`, `http`, `files`, `secrets`, `reveal`, `exec`, `registry` or `state`.
    pub name: String,
    /// Why, for the operator who decides.
    #[serde(default)]
    pub reason: String,
    /// For `files`: the name of the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// For `files`: whether it wants to write.
    #[serde(default)]
    pub write: bool,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// There is no such section.
    #[error("it has no `{SECTION}` section")]
    Missing,
    /// There is more than one.
    #[error("it has {0} `{SECTION}` sections instead of one")]
    Several(usize),
    /// It is not the JSON that it should be.
    #[error("its `{SECTION}` section cannot be read")]
    Malformed(#[source] serde_json::Error),
    /// It is newer than this agent.
    #[error("its manifest has format {0}; this agent reads up to {MANIFEST_FORMAT}")]
    Newer(u32),
    /// A value in it is not allowed.
    #[error("its manifest's `{field}` is {value:?}, but must be {expected}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        expected: &'static str,
    },
}
