//! The `with` table.

use windlass_sdk::prelude::*;

use crate::reference;

/// Tags that by custom move.
const MOVING: [&str; 10] =
    ["latest", "stable", "main", "master", "develop", "dev", "edge", "nightly", "staging", "production"];

/// Where images may come from, and what is said about tags that move.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Registries (`registry.example.org:5000`) or parts of them (`docker.io/library`) that images may come from.
    /// Default: any.
    pub registries: Vec<String>,
    /// Whether images that only the host's engine has may be deployed, where `registries` is given.
    pub allow_local: bool,
    /// Tags that move. Default: `latest`, `stable`, `main`, `master`, `develop`, `dev`, `edge`, `nightly`, `staging`,
    /// `production`.
    pub mutable_tags: Option<Vec<String>>,
    /// What a tag that moves means for the release while it still means the release's digest.
    pub mutable: Mutable,
}

/// What a tag that moves means for the release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mutable {
    /// Nothing.
    Allow,
    /// A person should know.
    #[default]
    Warn,
    /// It is refused: releases must name versions.
    Refuse,
}

impl Config {
    /// Whether a tag moves.
    pub(crate) fn is_mutable(&self, tag: &str) -> bool {
        match &self.mutable_tags {
            Some(tags) => tags.iter().any(|known| known == tag),
            None => MOVING.contains(&tag),
        }
    }

    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        for entry in &self.registries {
            if entry.is_empty() || entry.contains("://") || entry.contains('@') || entry.ends_with('/') {
                return Err(Error::config(format!("{entry:?} in `registries` is not a registry"))
                    .hint("write host and port as in image names: \"registry.example.org:5000\""));
            }
            if !reference::names_a_registry(entry) {
                return Err(Error::config(format!("{entry:?} in `registries` does not begin with a registry"))
                    .hint(format!("images of Docker Hub are \"docker.io/{entry}\"")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_registry_is_refused() {
        for entry in ["", "https://registry.example.org", "library", "registry.example.org/"] {
            let config = Config { registries: vec![entry.to_owned()], ..Config::default() };
            assert!(config.check().is_err(), "{entry}");
        }
    }
}
