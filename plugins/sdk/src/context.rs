//! What the host tells a plugin about the deployment that it works for.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::bindings::imports::windlass::plugin::context::Ctx;
use crate::documents::{Plan, Release};
use crate::{Error, Result};

/// The deployment that the call is for.
#[derive(Debug)]
pub struct Context<'a> {
    source: Source<'a>,
}

#[derive(Debug)]
enum Source<'a> {
    Host(&'a Ctx),
    Fixture(Box<Fixture>),
}

/// Facts about the host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct Host {
    /// The host's name.
    pub hostname: String,
    /// `linux`.
    pub os: String,
    /// In the words of Docker: `amd64`, `arm64`.
    pub architecture: String,
    /// The agent's clock, RFC 3339.
    pub time: String,
    /// The directory of the host that the operator granted for the application's data. Only strategies are told.
    pub data_root: Option<String>,
    /// Where none is granted: the lines of `agent.toml` that would grant one.
    pub data_root_grant: Option<String>,
}

/// A context for unit tests: see [`Context::fixture`].
#[derive(Debug, Clone, Default)]
pub struct Fixture {
    /// The deployment's id.
    pub deployment: String,
    /// The application's name.
    pub application: String,
    /// The environment's name.
    pub environment: String,
    /// Why the plugin is called.
    pub purpose: String,
    /// The release to deploy.
    pub release: Option<Release>,
    /// The release that runs.
    pub running: Option<Release>,
    /// The plan.
    pub plan: Option<Plan>,
    /// Variables for interpolation.
    pub variables: BTreeMap<String, String>,
    /// Facts about the host.
    pub host: Host,
    /// What the recorder returned before, the newest first.
    pub last_facts: Vec<Value>,
}

impl<'a> Context<'a> {
    /// What the host gave to an exported function.
    pub(crate) fn new(context: &'a Ctx) -> Self {
        Self { source: Source::Host(context) }
    }

    /// A context for unit tests, where there is no host: first attempt, a minute left, not cancelled.
    #[must_use]
    pub fn fixture(fixture: Fixture) -> Context<'static> {
        Context { source: Source::Fixture(Box::new(fixture)) }
    }

    /// The deployment's id: the same for every call of one deployment, and in the journal.
    #[must_use]
    pub fn deployment(&self) -> String {
        self.text(Ctx::deployment, |fixture| &fixture.deployment)
    }

    /// The application's name.
    #[must_use]
    pub fn application(&self) -> String {
        self.text(Ctx::application, |fixture| &fixture.application)
    }

    /// The environment's name: `uat`, `production`.
    #[must_use]
    pub fn environment(&self) -> String {
        self.text(Ctx::environment, |fixture| &fixture.environment)
    }

    /// Why the plugin is called: `plan`, `check`, `deploy`, `rollback`, `status`. The list grows.
    #[must_use]
    pub fn purpose(&self) -> String {
        self.text(Ctx::purpose, |fixture| &fixture.purpose)
    }

    /// The release to deploy.
    pub fn release(&self) -> Result<Release> {
        match &self.source {
            Source::Host(context) => parse("release", &context.release()),
            Source::Fixture(fixture) => {
                fixture.release.clone().ok_or_else(|| Error::internal("the fixture has no release"))
            }
        }
    }

    /// The release that the journal says runs now; none before the first.
    pub fn running(&self) -> Result<Option<Release>> {
        match &self.source {
            Source::Host(context) => context.running().map(|text| parse("running release", &text)).transpose(),
            Source::Fixture(fixture) => Ok(fixture.running.clone()),
        }
    }

    /// The plan, once there is one.
    pub fn plan(&self) -> Result<Option<Plan>> {
        match &self.source {
            Source::Host(context) => context.plan().map(|text| parse("plan", &text)).transpose(),
            Source::Fixture(fixture) => Ok(fixture.plan.clone()),
        }
    }

    /// Variables for interpolation: the environment's, the release's, and the secrets', these as placeholders.
    pub fn variables(&self) -> Result<BTreeMap<String, String>> {
        match &self.source {
            Source::Host(context) => parse("variables", &context.variables()),
            Source::Fixture(fixture) => Ok(fixture.variables.clone()),
        }
    }

    /// Facts about the host.
    pub fn host(&self) -> Result<Host> {
        match &self.source {
            Source::Host(context) => parse("facts about the host", &context.host()),
            Source::Fixture(fixture) => Ok(fixture.host.clone()),
        }
    }

    /// The `with` table as it is. Plugins are given the typed one.
    pub fn config(&self) -> Result<Value> {
        match &self.source {
            Source::Host(context) => parse("configuration", &context.config()),
            Source::Fixture(_) => Ok(Value::Null),
        }
    }

    /// Which attempt of this call it is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        match &self.source {
            Source::Host(context) => context.attempt(),
            Source::Fixture(_) => 1,
        }
    }

    /// How long until the host ends this call.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        match &self.source {
            Source::Host(context) => Duration::from_millis(context.remaining_ms()),
            Source::Fixture(_) => Duration::from_mins(1),
        }
    }

    /// What this recorder returned for the last events of this application that it returned facts for, the newest first
    /// and at most `most`; the host keeps 20 at hand. Nothing for plugins that are no recorders.
    pub fn last_facts(&self, most: u32) -> Result<Vec<Value>> {
        match &self.source {
            Source::Host(context) => {
                context.last_facts(most).iter().map(|text| parse("record of earlier facts", text)).collect()
            }
            Source::Fixture(fixture) => {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                Ok(fixture.last_facts.iter().take(most).cloned().collect())
            }
        }
    }

    /// Whether an operator asked to stop.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        match &self.source {
            Source::Host(context) => context.cancelled(),
            Source::Fixture(_) => false,
        }
    }

    /// Ends a long call with `?` when an operator asked to stop.
    pub fn stop_if_cancelled(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::new("cancelled", "an operator asked to stop")) } else { Ok(()) }
    }

    fn text(&self, host: impl Fn(&Ctx) -> String, fixture: impl Fn(&Fixture) -> &str) -> String {
        match &self.source {
            Source::Host(context) => host(context),
            Source::Fixture(values) => fixture(values).to_owned(),
        }
    }
}

fn parse<T: DeserializeOwned>(what: &str, text: &str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::internal(format!("the host's {what} is not what this plugin was built for: {error}")))
}
