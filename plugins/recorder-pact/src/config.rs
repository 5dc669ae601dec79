//! The `with` table.

use std::collections::BTreeMap;

use windlass_pact::{Named, Naming, Pacticipant, Record, Settings};
use windlass_sdk::prelude::*;

/// What is recorded at which broker.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The broker.
    pub broker: Settings,
    /// What each artifact is called at the broker: a name, or a table with a name and what its versions are called.
    pub pacticipants: BTreeMap<String, Named>,
    /// What their versions are called there: `tag`, `commit`, `release`, or a text with these in braces.
    #[serde(default)]
    pub version: Naming,
    /// What the environment is called there. Default: as in the deployment.
    #[serde(default)]
    pub environment: Option<String>,
    /// What is recorded.
    #[serde(default)]
    pub record: Record,
    /// The name of this instance, where several versions of one pacticipant run in the environment at a time.
    #[serde(default)]
    pub instance: Option<String>,
}

impl Config {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        self.broker.check()?;
        Pacticipant::check(&self.pacticipants)?;
        // The broker would take an empty name for an instance of its own, and lose track of the one without a name.
        for (key, value) in [("environment", &self.environment), ("instance", &self.instance)] {
            if value.as_ref().is_some_and(|value| value.trim().is_empty()) {
                return Err(Error::config(format!("`{key}` is empty; leave it out")));
            }
        }
        if self.instance.is_some() && self.record == Record::Release {
            return Err(Error::config("`instance` is for deployments; a release has none"));
        }
        Ok(())
    }
}
