//! Releases, as facts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use windlass_domain::{Built, Proof};

use super::deployment::ReleaseFact;

/// A release and where it succeeded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseDocumentFact {
    /// The application's name.
    pub application: String,
    /// The release.
    pub release: ReleaseFact,
    /// `sha256:…` of its files together.
    pub bundle: String,
    /// `sha256:…` of each file, by path.
    pub files: BTreeMap<String, String>,
    /// Whether the document holds the files.
    pub complete: bool,
    /// Images that were built when the document was made, by artifact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub built: BTreeMap<String, Built>,
    /// Where it succeeded; none when it was not deployed before the document was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// The public key of minisign that signed it, where that was verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// The document's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// One line of `release list`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseLineFact {
    /// The application's name.
    pub application: String,
    /// `sha256:…`.
    pub id: String,
    /// The label that people use.
    pub version: String,
    /// The commit that it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The last deployment of it that succeeded.
    pub deployment: String,
    /// When that was, RFC 3339.
    pub succeeded: String,
    /// Whether it runs.
    pub running: bool,
    /// Whether it is the only one that may be deployed.
    pub pinned: bool,
    /// Whether it is refused.
    pub quarantined: bool,
}
