//! The resolved application, and where its values came from, as facts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::PlaceFact;

/// The Compose application that a release means in an environment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ConfigFact {
    /// The application's name.
    pub application: String,
    /// The environment.
    pub environment: String,
    /// In the shape of `docker compose config --format json`; secrets by name.
    pub config: Value,
}

/// Where a value came from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct OriginFact {
    /// The whole path: `services.web.environment.LOG_LEVEL`.
    pub path: String,
    /// The value, where it is a text, number or boolean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Where it is written.
    pub place: PlaceFact,
    /// What happened to it, in words, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
    /// Where the parts of a list or mapping came from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<OriginFact>,
}
