//! The `with` table.

use std::collections::BTreeMap;

use windlass_sdk::prelude::*;

/// What versions and commits may be deployed.
#[expect(clippy::struct_excessive_bools, reason = "each is a rule that people turn on by itself")]
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// What has a version of its own. Artifacts that `artifacts` names are looked at in either case.
    pub version: Of,
    /// How versions are written. None leaves them as they are, which gives them no order.
    pub scheme: Option<Scheme>,
    /// For `calver`: `YEAR`, `MONTH`, `WEEK`, `DAY` and `ITERATION` with whatever is between them; default
    /// `YEAR.MONTH.ITERATION`. For `regex`: the expression that the whole version must match; its groups are compared
    /// in their order, numbers as numbers.
    pub pattern: Option<String>,
    /// Whether a release that is not what runs must have a greater version, not only no smaller one.
    pub must_increase: bool,
    /// The branch that must contain the commit.
    pub contained_in: Option<String>,
    /// Whether the commit must be a descendant of the one that runs.
    pub linear: bool,
    /// The name of a version's tag.
    pub tag: String,
    /// Whether the tag must exist.
    pub tag_must_exist: bool,
    /// Whether the tag must exist and have a signature that is verified.
    pub tag_signed: bool,
    /// The repository at GitHub: `OWNER/NAME`.
    pub repository: Option<String>,
    /// Where GitHub's API is. A GitHub Enterprise Server has it at `https://HOST/api/v3`.
    #[schemars(extend("format" = "uri"))]
    pub api: String,
    /// The name of the secret that is GitHub's token.
    #[schemars(extend("format" = "secret-name"))]
    pub token: Option<String>,
    /// Instead of `repository`, a clone on this host: the beginning of the names of the operator's commands for it.
    pub clone: Option<String>,
    /// Whether the clone is brought up to date first.
    pub fetch: bool,
    /// Artifacts with rules of their own. What is left out is as above.
    pub artifacts: BTreeMap<String, Own>,
}

/// What has a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Of {
    /// The release: its label.
    #[default]
    Release,
    /// Each artifact: its tag.
    Artifacts,
}

/// How versions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Semantic Versioning 2.0.0, with or without a `v` in front.
    Semver,
    /// Numbers of the calendar.
    Calver,
    /// A regular expression.
    Regex,
}

/// What is different for an artifact.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Own {
    /// As above.
    pub scheme: Option<Scheme>,
    /// As above.
    pub pattern: Option<String>,
    /// As above.
    pub must_increase: Option<bool>,
    /// As above; empty for no branch.
    pub contained_in: Option<String>,
    /// As above.
    pub linear: Option<bool>,
    /// As above.
    pub tag: Option<String>,
    /// As above.
    pub tag_must_exist: Option<bool>,
    /// As above.
    pub tag_signed: Option<bool>,
    /// As above.
    pub repository: Option<String>,
    /// As above.
    pub clone: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: Of::Release,
            scheme: None,
            pattern: None,
            must_increase: false,
            contained_in: None,
            linear: false,
            tag: "{version}".to_owned(),
            tag_must_exist: false,
            tag_signed: false,
            repository: None,
            api: windlass_github::PUBLIC.to_owned(),
            token: None,
            clone: None,
            fetch: false,
            artifacts: BTreeMap::new(),
        }
    }
}
