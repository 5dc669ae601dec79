//! The `with` table.

use std::collections::BTreeMap;

use windlass_github::{Settings, check_template};
use windlass_sdk::prelude::*;

/// What GitHub is told.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The repository: `OWNER/NAME`.
    pub repository: String,
    /// Where the API is. A GitHub Enterprise Server has it at `https://HOST/api/v3`.
    #[serde(default = "public")]
    #[schemars(extend("format" = "uri"))]
    pub api: String,
    /// The name of the secret that is the token.
    #[schemars(extend("format" = "secret-name"))]
    pub token: String,
    /// Whether deployments and their statuses are written.
    #[serde(default = "yes")]
    pub deployments: bool,
    /// Whether a release that succeeded is announced, and as what.
    #[serde(default)]
    pub announce: Option<Announce>,
    /// Who must act: names of people to whom the issue is assigned.
    #[serde(default)]
    pub assignees: Vec<String>,
    /// Labels of the issue.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The name of a version's tag.
    #[serde(default = "version")]
    pub tag: String,
    /// Artifacts whose changes, in repositories of their own, are listed as well.
    #[serde(default)]
    pub artifacts: BTreeMap<String, Own>,
}

/// How a release is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Announce {
    /// An issue.
    Issue,
    /// A release of GitHub's.
    Release,
}

/// An artifact's repository.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Own {
    /// `OWNER/NAME`
    pub repository: String,
    /// The name of a version's tag.
    #[serde(default = "version")]
    pub tag: String,
}

fn public() -> String {
    windlass_github::PUBLIC.to_owned()
}

fn version() -> String {
    "{version}".to_owned()
}

fn yes() -> bool {
    true
}

impl Config {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        self.settings(&self.repository).check()?;
        check_template(&self.tag)?;
        for own in self.artifacts.values() {
            self.settings(&own.repository).check()?;
            check_template(&own.tag)?;
        }
        if !self.deployments && self.announce.is_none() {
            return Err(Error::config("there is nothing to tell: `deployments` is false and `announce` is left out"));
        }
        Ok(())
    }

    /// A repository, asked with the same token.
    pub(crate) fn settings(&self, repository: &str) -> Settings {
        Settings { repository: repository.to_owned(), api: self.api.clone(), token: Some(self.token.clone()) }
    }
}
