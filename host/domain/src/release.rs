//! A release: the immutable snapshot of what to deploy.
//!
//! It names no environment and no host, so that the very same release goes from staging to production.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The format number that this library writes in [`Release::format`].
pub const RELEASE_FORMAT: u32 = 1;

/// An immutable snapshot of what to deploy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Release {
    /// The format of this document.
    pub format: u32,
    /// `sha256:` and the digest of everything else in the release: the same inputs give the same id.
    pub id: String,
    /// The application's name.
    pub application: String,
    /// The label that people use: a version, a tag, or a short commit.
    pub version: String,
    /// The commit that the release was made from, in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Images by artifact name.
    pub artifacts: BTreeMap<String, Artifact>,
    /// What was given with `--set NAME=VALUE`, and the release file's own variables. Never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
    /// The release file and all files beside it.
    pub bundle: Bundle,
    /// What the release says about going back across its data migrations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<Migration>,
}

impl Release {
    /// The artifact whose image repository is `repository`, with its name.
    #[must_use]
    pub fn artifact_of_repository(&self, repository: &str) -> Option<(&str, &Artifact)> {
        self.artifacts
            .iter()
            .find(|(_, artifact)| artifact.repository == repository)
            .map(|(name, artifact)| (name.as_str(), artifact))
    }

    /// The first twelve hexadecimal digits of the id, for people.
    #[must_use]
    pub fn short_id(&self) -> &str {
        let digits = self.id.strip_prefix("sha256:").unwrap_or(&self.id);
        digits.get(..12).unwrap_or(digits)
    }
}

/// An image of the application, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Artifact {
    /// The repository, normalised, with its registry: `registry.example:5000/team/backend`, `docker.io/library/redis`.
    pub repository: String,
    /// The tag or version that was asked for; none when a digest was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// `sha256:…`: the manifest's digest at the registry, or the image id for a local image.
    pub digest: String,
    /// Whether the image exists only in the host's engine, so that `digest` is an image id and nothing is pulled.
    #[serde(default)]
    pub local: bool,
}

impl Artifact {
    /// The immutable reference to run: `repository@digest`, or the image id for a local image.
    #[must_use]
    pub fn reference(&self) -> String {
        if self.local { self.digest.clone() } else { format!("{}@{}", self.repository, self.digest) }
    }
}

/// The files of a release, by content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Bundle {
    /// `sha256:…` over the names and contents of `files`, and which of them are programs.
    pub digest: String,
    /// Paths relative to the release file, each with the `sha256:` digest of its content.
    pub files: BTreeMap<String, String>,
    /// Those of them that may be executed; none where the release was recorded by a version that did not say it. Follows
    /// from `digest`, and is no part of the release's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programs: Option<BTreeSet<String>>,
}

impl Bundle {
    /// Whether both have the same files with the same content and modes, whatever is said about programs.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.digest == other.digest && self.files == other.files
    }

    /// Whether there is a file or a directory of that path; the empty path is the whole.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        let inside =
            |name: &String| name.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        path.is_empty() || self.files.keys().any(inside)
    }
}

/// What a release says about the data that it migrates.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Migration {
    /// Going back to any earlier release would run old code on a schema that it does not understand.
    #[serde(default)]
    pub irreversible: bool,
    /// The oldest version label that can still run on this release's schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_rollback: Option<String>,
}
