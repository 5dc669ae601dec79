//! Who a plugin is, what it is for, and what it asks for: plain data, which grants and the sandbox share.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a plugin is for. Each kind has a world of its own in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Gates a deployment before anything is touched.
    Check,
    /// Plans a deployment as steps, and applies and undoes each.
    Strategy,
    /// Proves a deployment from outside after it.
    Smoke,
    /// Reports what happened to systems outside of the agent.
    Recorder,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Check, Self::Strategy, Self::Smoke, Self::Recorder];

    /// The word for people and for manifests.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Strategy => "strategy",
            Self::Smoke => "smoke",
            Self::Recorder => "recorder",
        }
    }

    /// The name of its world in the contract.
    #[must_use]
    pub fn world(self) -> &'static str {
        match self {
            Self::Check => "check-plugin",
            Self::Strategy => "strategy-plugin",
            Self::Smoke => "smoke-plugin",
            Self::Recorder => "recorder-plugin",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Exactly which plugin: what it calls itself and what its bytes are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The name in its manifest.
    pub name: String,
    /// The version in its manifest.
    pub version: String,
    /// `sha256:` and the digest of its file.
    pub digest: String,
}

impl Identity {
    /// The first twelve hexadecimal digits of the digest, for people.
    #[must_use]
    pub fn short_digest(&self) -> &str {
        let digits = self.digest.strip_prefix("sha256:").unwrap_or(&self.digest);
        digits.get(..12).unwrap_or(digits)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (sha256:{})", self.name, self.version, self.short_digest())
    }
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
    /// Whether it can do without, depending on its configuration: nothing is refused before it is used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// In few words: `files records (write)`.
impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(root) = &self.root {
            write!(f, " {root}")?;
        }
        if self.write { f.write_str(" (write)") } else { Ok(()) }
    }
}
