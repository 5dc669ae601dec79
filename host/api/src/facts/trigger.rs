//! Events from outside, as facts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of an event.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct TriggerFact {
    /// The trigger's name.
    pub trigger: String,
    /// What the event is about.
    pub fields: BTreeMap<String, String>,
    /// Why it starts nothing; none when it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignored: Option<String>,
    /// The command that it starts, whose own facts follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
}
