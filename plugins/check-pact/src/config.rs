//! The `with` table.

use std::collections::BTreeMap;

use windlass_pact::{Named, Naming, Pacticipant, Record, Settings};
use windlass_sdk::prelude::*;

/// What is asked of which broker.
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
    /// What the recorder records after the deployment: a deployment takes the place of the version before, a release does
    /// not.
    #[serde(default)]
    pub record: Record,
    /// The name of this instance, as the recorder has it: versions of other instances stay live.
    #[serde(default)]
    pub instance: Option<String>,
    /// Whether to ask again, until the check's deadline, while the broker does not know: a verification may still run.
    #[serde(default = "yes")]
    pub retry: bool,
    /// The id of a webhook of the broker, sent once when the broker does not know: one that starts the verification.
    #[serde(default)]
    pub webhook: Option<String>,
    /// What it means that a pacticipant has no contract that could be checked.
    #[serde(default)]
    pub nothing_to_check: Policy,
    /// Whether to tell everything and refuse nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// What something means for the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// All is well.
    Pass,
    /// Well enough to go on.
    Warn,
    /// Not answered: the check's `on-inconclusive` decides.
    #[default]
    Inconclusive,
    /// No.
    Fail,
}

impl Policy {
    /// As it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        }
    }

    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::Pass => Verdict::Pass,
            Self::Warn => Verdict::Warn,
            Self::Inconclusive => Verdict::Inconclusive,
            Self::Fail => Verdict::Fail,
        }
    }
}

impl Config {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        self.broker.check()?;
        Pacticipant::check(&self.pacticipants)?;
        let texts = [("environment", &self.environment), ("webhook", &self.webhook), ("instance", &self.instance)];
        for (key, value) in texts {
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

fn yes() -> bool {
    true
}
