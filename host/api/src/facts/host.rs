//! This host, its plugins and files, as facts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whether the journal is as it was written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AuditFact {
    /// Whether it is.
    pub intact: bool,
    /// How many lines were verified.
    pub lines: u64,
    /// The hash of the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// What is wrong, and where.
    pub problems: Vec<String>,
}

/// A plugin.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PluginFact {
    /// Its name in its manifest.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `check`, `strategy`, `smoke` or `recorder`.
    pub kind: String,
    /// The version of the contract that it was made for.
    pub contract: String,
    /// `sha256:…` of the component.
    pub digest: String,
    /// `bundled`, or the path.
    pub source: String,
    /// In bytes, where it is a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What it asks for, and why.
    pub asks: Vec<AskFact>,
    /// What it does; only with `plugin inspect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// An example of its part of a release file; only with `plugin inspect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// The JSON Schema of its `with` table; only with `plugin inspect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
}

/// A capability that a plugin asks for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AskFact {
    /// The capability: `docker-read`, `http`, `files records (write)`.
    pub capability: String,
    /// Why, in the plugin's words.
    pub reason: String,
}

/// What one plugin of an application asks for and is granted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct GrantFact {
    /// The plugin's name.
    pub plugin: String,
    /// Where the release file uses it: `checks.readiness`.
    pub usage: String,
    /// The capability.
    pub capability: String,
    /// Why it asks, in its own words.
    pub reason: String,
    /// Whether it is granted.
    pub granted: bool,
    /// The lines for agent.toml that would grant it, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<String>,
}

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// Well.
    Well,
    /// Worth knowing; nothing stands in the way.
    Note,
    /// A person should look.
    Warn,
    /// It stands in the way of a deployment.
    Bad,
}

/// One thing that `doctor` looked at.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DoctorFact {
    /// What: `engine`, `state directory`, `journal`.
    pub subject: String,
    /// How well it is.
    pub health: Health,
    /// What was seen.
    pub seen: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// A file that was made, or would be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FileFact {
    /// Its path.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Whether it was written.
    pub written: bool,
}

/// The name of a schema.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct SchemaFact {
    /// The name.
    pub name: String,
    /// What it describes.
    pub title: String,
}
