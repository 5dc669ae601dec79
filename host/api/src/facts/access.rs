//! Who may do what, as facts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PrincipalFact;

/// Who asked, and what they may do on this host.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AccessFact {
    /// Who.
    pub principal: PrincipalFact,
    /// What they may do on every application and on the host itself: words of `may` in agent.toml.
    pub everywhere: Vec<String>,
    /// What they may do besides on some applications.
    pub applications: Vec<RightsFact>,
}

/// What a principal may do on one application, besides what it may do everywhere.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RightsFact {
    /// The application.
    pub application: String,
    /// Words of `may` in agent.toml.
    pub may: Vec<String>,
}

/// A key that runs the SSH gate.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct KeyFact {
    /// Its name in the records of this host.
    pub name: String,
    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fingerprint: String,
    /// The file that has its line.
    pub file: String,
    /// The line.
    pub line: String,
    /// `there` in a list; `proposed`, where nothing was written; `added`; `removed`.
    pub state: String,
}
