//! Image registries, asked by the host with the operator's credentials. Needs the `registry` grant.

use serde::Deserialize;

use crate::Result;
use crate::bindings::imports::windlass::plugin::registry as host;
use crate::error::ask_json;

/// What a reference means at its registry now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Resolved {
    /// The reference that was asked for.
    pub reference: String,
    /// Its repository, normalised, with its registry.
    pub repository: String,
    /// `sha256:…`
    pub digest: String,
    /// The manifest's or index's media type.
    #[serde(default)]
    pub media_type: String,
    /// `os/architecture` or `os/architecture/variant`, as published; empty when the registry does not say.
    #[serde(default)]
    pub platforms: Vec<String>,
}

/// Asks, without pulling. The code is `not-found`, `unauthorized`, `rate-limited` or `unavailable` when it fails.
pub fn resolve(reference: &str) -> Result<Resolved> {
    ask_json(|| host::resolve(reference))
}
