//! Environments, and what the broker says is live in them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use windlass_sdk::http::encode;
use windlass_sdk::{Error, Result};

use crate::client::Client;
use crate::hal::Resource;

/// An environment that the broker knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    resource: Resource,
}

/// Versions that are deployed or released and supported in an environment, by pacticipant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Live(BTreeMap<String, BTreeSet<String>>);

impl Client<'_> {
    /// The environment of that name, or the names of those that the broker has.
    pub fn environment(&self, index: &Resource, name: &str) -> Result<Result<Environment, Vec<String>>> {
        let environments = self.found(&index.link("pb:environments")?.href)?.embedded("environments")?;
        let called = |resource: &Resource| resource.0.get("name").and_then(Value::as_str).map(str::to_owned);
        match environments.iter().find(|resource| called(resource).as_deref() == Some(name)) {
            Some(resource) => Ok(Ok(Environment { name: name.to_owned(), resource: resource.clone() })),
            None => Ok(Err(environments.iter().filter_map(called).collect())),
        }
    }

    /// Everything that is live in an environment.
    pub fn live(&self, environment: &Environment) -> Result<Live> {
        let mut live = Live::default();
        for entry in self.deployed(environment, None)?.iter().chain(&self.supported(environment, None)?) {
            live.add(entry.text("/_embedded/pacticipant/name")?, entry.text("/_embedded/version/number")?);
        }
        Ok(live)
    }

    /// What is recorded as deployed there now, of one pacticipant or of all.
    pub(crate) fn deployed(&self, environment: &Environment, pacticipant: Option<&str>) -> Result<Vec<Resource>> {
        self.listed(environment, "pb:currently-deployed-deployed-versions", pacticipant, "deployedVersions")
    }

    /// What is recorded as released and supported there now, of one pacticipant or of all.
    pub(crate) fn supported(&self, environment: &Environment, pacticipant: Option<&str>) -> Result<Vec<Resource>> {
        self.listed(environment, "pb:currently-supported-released-versions", pacticipant, "releasedVersions")
    }

    fn listed(
        &self,
        environment: &Environment,
        relation: &str,
        pacticipant: Option<&str>,
        list: &str,
    ) -> Result<Vec<Resource>> {
        let mut address = environment.resource.link(relation)?.href;
        if let Some(pacticipant) = pacticipant {
            address = format!("{address}?pacticipant={}", encode(pacticipant));
        }
        self.found(&address)?.embedded(list)
    }
}

impl Live {
    /// Adds a version.
    pub fn add(&mut self, pacticipant: &str, version: &str) {
        self.0.entry(pacticipant.to_owned()).or_default().insert(version.to_owned());
    }

    /// The live versions of a pacticipant.
    pub fn versions(&self, pacticipant: &str) -> impl Iterator<Item = &str> {
        self.0.get(pacticipant).into_iter().flatten().map(String::as_str)
    }

    /// Whether nothing of a pacticipant is live.
    #[must_use]
    pub fn lacks(&self, pacticipant: &str) -> bool {
        self.versions(pacticipant).next().is_none()
    }
}

impl Environment {
    /// What to say when there is no such environment.
    #[must_use]
    pub fn unknown(name: &str, known: &[String]) -> (String, String) {
        let listed = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        (
            format!("the broker has no environment `{name}`; it has: {listed}"),
            format!(
                "create it (`pact-broker create-environment --name {name}`), or write another name into `environment`"
            ),
        )
    }

    /// The same as an error.
    #[must_use]
    pub fn unknown_error(name: &str, known: &[String]) -> Error {
        let (message, hint) = Self::unknown(name, known);
        Error::new("not-found", message).hint(hint)
    }
}
