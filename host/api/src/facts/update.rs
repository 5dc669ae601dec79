//! Which version of Windlass is in place.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Windlass was exchanged, or it was looked whether it has to be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct UpdateFact {
    /// `updated`; `unchanged`, where the version was there; `kept`, where a package of it was kept besides; `back`.
    pub state: String,
    /// The version that is in place.
    pub version: String,
    /// The version from before, where another one was in place and its version is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The program.
    pub program: String,
    /// What is kept for going back, where something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}
