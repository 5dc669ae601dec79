//! This host, its plugins and files, as facts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use windlass_foundation::identity::{Ask, Identity, Kind};

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
    /// That it is granted to another digest of the same name alone, in one sentence: it may have been rebuilt; only with
    /// `plugin inspect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuilt: Option<String>,
    /// The lines for agent.toml that would grant everything that it asks for, for every application; only with
    /// `plugin inspect`, and only where it asks for something that can be granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
}

impl PluginFact {
    /// What its manifest says, and where it is from. What it may reach here and how it is configured is not in it.
    #[must_use]
    pub fn of(identity: &Identity, kind: Kind, contract: &str, asks: &[Ask], source: &str) -> Self {
        Self {
            name: identity.name.clone(),
            version: identity.version.clone(),
            kind: kind.word().to_owned(),
            contract: contract.to_owned(),
            digest: identity.digest.clone(),
            source: source.to_owned(),
            size: None,
            asks: asks.iter().map(AskFact::of).collect(),
            summary: None,
            example: None,
            schema: None,
            rebuilt: None,
            grant: None,
        }
    }
}

/// Two plugins compared: what the new one asks for and takes that the old one does not.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PluginDiffFact {
    /// The old one.
    pub old: PluginSideFact,
    /// The new one.
    pub new: PluginSideFact,
    /// Whether the new one could be given something that the old one could not, by what it asks for or by its kind.
    pub asks_for_more: bool,
    /// What it asks for in addition.
    pub added: Vec<RequestFact>,
    /// What it no longer asks for.
    pub removed: Vec<RequestFact>,
    /// What it asks for as before and for another reason.
    pub reasons: Vec<ReasonFact>,
    /// The keys of its `with` table that are not the same.
    pub keys: KeysFact,
}

/// One of two plugins that are compared.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PluginSideFact {
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
    /// `bundled`, the path or the reference.
    pub source: String,
}

/// A capability that one of two plugins asks for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RequestFact {
    /// The capability: `docker-read`, `http`, `files records (write)`.
    pub capability: String,
    /// The same in words: `send HTTP requests`.
    pub words: String,
    /// Why, in the plugin's words.
    pub reason: String,
}

/// A reason that changed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReasonFact {
    /// The capability.
    pub capability: String,
    /// Why the old one asks for it.
    pub old: String,
    /// Why the new one does.
    pub new: String,
}

/// Keys of a `with` table that are not the same in two plugins: `url`, `requests[].url`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct KeysFact {
    /// Those that the new one takes in addition.
    pub added: Vec<String>,
    /// Those that it no longer takes.
    pub removed: Vec<String>,
    /// Those that it needs and the old one did not, added ones among them.
    pub required: Vec<String>,
    /// Those that it takes and no longer needs.
    pub no_longer_required: Vec<String>,
}

/// A capability that a plugin asks for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AskFact {
    /// The capability: `docker-read`, `http`, `files records (write)`.
    pub capability: String,
    /// Why, in the plugin's words.
    pub reason: String,
    /// What it may reach on this host, or that it is not granted, in one sentence; only with `plugin inspect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
    /// Whether the operator grants it anything of this; only with `plugin inspect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<bool>,
    /// Whether it can do without, depending on its configuration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// What it may reach on this host; only with `plugin inspect`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reach: Vec<ReachFact>,
}

impl AskFact {
    fn of(ask: &Ask) -> Self {
        Self {
            capability: ask.to_string(),
            reason: ask.reason.clone(),
            sentence: None,
            granted: None,
            optional: ask.optional,
            reach: Vec::new(),
        }
    }
}

/// One thing that a plugin may reach.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReachFact {
    /// The server, directory, secret, command, registry or address; left out where all of the capability is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// For a server: the secrets that may be sent there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// For a server: its addresses that are granted although they are private or otherwise closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// For a directory: whether it may write there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub write: bool,
    /// The applications that it is granted for; left out where it is for all, and with `plugin grants`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<String>,
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
    /// What it may reach, or that it is not granted, in one sentence.
    #[serde(default)]
    pub sentence: String,
    /// What it may reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reach: Vec<ReachFact>,
    /// What the release's configuration of the plugin needs of this and is not granted, in one sentence, where something else is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmet: Option<String>,
    /// That it is granted to another digest of the same name, in one sentence: the plugin may have been rebuilt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuilt: Option<String>,
    /// The lines for agent.toml that would grant it, where it is not, or what is `unmet`.
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
