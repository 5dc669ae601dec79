//! The `with` table.

use std::collections::BTreeMap;

use windlass_github::{Settings, check_template};
use windlass_sdk::prelude::*;

/// Whose continuous integration must have succeeded.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Who is asked.
    pub provider: Provider,
    /// The repository of the release's own commit: `OWNER/NAME`. None looks at `artifacts` only.
    pub repository: Option<String>,
    /// Where the API is. A GitHub Enterprise Server has it at `https://HOST/api/v3`.
    #[schemars(extend("format" = "uri"))]
    pub api: String,
    /// The name of the secret that is the token.
    #[schemars(extend("format" = "secret-name"))]
    pub token: Option<String>,
    /// Names of statuses and check runs that must be there and succeed. One that is not there yet is waited for.
    pub required: Vec<String>,
    /// Names that are passed over; `*` at the end stands for anything.
    pub ignore: Vec<String>,
    /// The name of a version's tag, where a commit has to be found by the version.
    pub tag: String,
    /// Artifacts with repositories of their own: the commit is the one that the artifact's tag means there.
    pub artifacts: BTreeMap<String, Own>,
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// GitHub, or a GitHub Enterprise Server.
    #[default]
    #[serde(rename = "github")]
    GitHub,
}

/// An artifact's repository.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Own {
    /// `OWNER/NAME`
    pub repository: String,
    /// Instead of the names above.
    #[serde(default)]
    pub required: Option<Vec<String>>,
    /// Instead of the names above.
    #[serde(default)]
    pub ignore: Option<Vec<String>>,
    /// Instead of the name above.
    #[serde(default)]
    pub tag: Option<String>,
}

/// What one commit must have, and where.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// `release`, or the artifact's name.
    pub(crate) name: String,
    pub(crate) settings: Settings,
    pub(crate) required: Vec<String>,
    pub(crate) ignore: Vec<String>,
    pub(crate) tag: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            provider: Provider::GitHub,
            repository: None,
            api: windlass_github::PUBLIC.to_owned(),
            token: None,
            required: Vec::new(),
            ignore: Vec::new(),
            tag: "{version}".to_owned(),
            artifacts: BTreeMap::new(),
        }
    }
}

impl Config {
    /// What is wanted of each commit: the release's first, then artifacts by name.
    pub(crate) fn wanted(&self) -> Result<Vec<Wanted>> {
        let settings = |repository: &str| Settings {
            repository: repository.to_owned(),
            api: self.api.clone(),
            token: self.token.clone(),
        };
        let own = self.repository.iter().map(|repository| Wanted {
            name: "release".to_owned(),
            settings: settings(repository),
            required: self.required.clone(),
            ignore: self.ignore.clone(),
            tag: self.tag.clone(),
        });
        let artifacts = self.artifacts.iter().map(|(name, own)| Wanted {
            name: name.clone(),
            settings: settings(&own.repository),
            required: own.required.clone().unwrap_or_else(|| self.required.clone()),
            ignore: own.ignore.clone().unwrap_or_else(|| self.ignore.clone()),
            tag: own.tag.clone().unwrap_or_else(|| self.tag.clone()),
        });
        let wanted: Vec<Wanted> = own.chain(artifacts).collect();
        if wanted.is_empty() {
            return Err(Error::config("no repository is named").hint("write `repository = \"OWNER/NAME\"`"));
        }
        wanted.iter().try_for_each(Wanted::check)?;
        Ok(wanted)
    }
}

impl Wanted {
    fn check(&self) -> Result<()> {
        self.settings.check()?;
        check_template(&self.tag)?;
        match self.required.iter().find(|name| self.ignores(name)) {
            Some(name) => Err(Error::config(format!("`{name}` is in `required` and passed over by `ignore`"))),
            None => Ok(()),
        }
    }

    /// Whether a name is passed over.
    pub(crate) fn ignores(&self, name: &str) -> bool {
        self.ignore.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == pattern,
        })
    }

    /// How it is called in a sentence.
    pub(crate) fn title(&self) -> String {
        if self.name == "release" { "the release".to_owned() } else { format!("artifact `{}`", self.name) }
    }
}
