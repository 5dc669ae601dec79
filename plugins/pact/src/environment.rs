//! Environments, and what the broker says is live in them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use windlass_sdk::http::encode;
use windlass_sdk::{Error, Result};

use crate::client::Client;
use crate::hal::Resource;
use crate::pacticipant::Pacticipant;
use crate::version::Record;

/// An environment that the broker knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    resource: Resource,
}

/// Versions that are deployed or released and supported in an environment, by pacticipant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Live(BTreeMap<String, BTreeMap<String, BTreeSet<Place>>>);

/// How a version is live.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Deployed, as an instance with a name or as the one without.
    Deployed(Option<String>),
    /// Released and supported.
    Released,
}

/// What a deployment brings, and what it takes the place of.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The versions that it brings.
    pub pacticipants: &'a [Pacticipant],
    /// What is recorded after it: a deployment replaces, a release does not.
    pub record: Record,
    /// The name of the instance that it replaces.
    pub instance: Option<&'a str>,
}

/// A live version of a pacticipant that a deployment brings in another version: it stays beside that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staying {
    /// Whose version.
    pub name: String,
    /// Which.
    pub version: String,
    /// As what it stays live.
    pub places: Vec<Place>,
}

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
        let mut add = |entry: &Resource, place: Place| -> Result<()> {
            live.add(entry.text("/_embedded/pacticipant/name")?, entry.text("/_embedded/version/number")?, place);
            Ok(())
        };
        for entry in &self.deployed(environment, None)? {
            add(entry, Place::Deployed(instance(entry).map(str::to_owned)))?;
        }
        for entry in &self.supported(environment, None)? {
            add(entry, Place::Released)?;
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

/// The instance that a version is deployed as. An empty name is the same instance as none.
pub(crate) fn instance(entry: &Resource) -> Option<&str> {
    let named = ["/applicationInstance", "/target"].iter().find_map(|name| entry.0.pointer(name)?.as_str());
    named.filter(|name| !name.is_empty())
}

impl Live {
    /// Adds a version.
    pub fn add(&mut self, pacticipant: &str, version: &str, place: Place) {
        let versions = self.0.entry(pacticipant.to_owned()).or_default();
        versions.entry(version.to_owned()).or_default().insert(place);
    }

    /// The live versions of a pacticipant.
    pub fn versions(&self, pacticipant: &str) -> impl Iterator<Item = &str> {
        self.0.get(pacticipant).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
    }

    /// Other versions of the pacticipants of a deployment that stay live after it.
    #[must_use]
    pub fn staying(&self, arrival: &Arrival<'_>) -> Vec<Staying> {
        let stays = |place: &&Place| match place {
            Place::Released => true,
            Place::Deployed(instance) => arrival.record == Record::Release || instance.as_deref() != arrival.instance,
        };
        let mut found = Vec::new();
        for new in arrival.pacticipants {
            for (version, places) in self.0.get(&new.name).into_iter().flatten() {
                let places: Vec<Place> = places.iter().filter(stays).cloned().collect();
                if *version != new.version && !places.is_empty() {
                    found.push(Staying { name: new.name.clone(), version: version.clone(), places });
                }
            }
        }
        found
    }

    /// Whether nothing of a pacticipant is live.
    #[must_use]
    pub fn lacks(&self, pacticipant: &str) -> bool {
        self.versions(pacticipant).next().is_none()
    }
}

impl std::fmt::Display for Staying {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.name, self.version)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Deployed(Some(instance)) => write!(formatter, "as instance `{instance}`"),
            Self::Deployed(None) => formatter.write_str("without an instance's name"),
            Self::Released => formatter.write_str("as a release"),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn staying(record: Record, instance: Option<&str>) -> Vec<String> {
        let mut live = Live::default();
        for (name, version, place) in [
            ("Web", "1", Place::Deployed(None)),
            ("Web", "2", Place::Deployed(Some("blue".to_owned()))),
            ("Web", "3", Place::Deployed(Some("green".to_owned()))),
            ("Web", "3", Place::Released),
            ("Web", "4", Place::Deployed(Some("blue".to_owned()))),
            ("Other", "9", Place::Deployed(None)),
        ] {
            live.add(name, version, place);
        }
        let new = Pacticipant { artifact: "web".to_owned(), name: "Web".to_owned(), version: "4".to_owned() };
        let staying = live.staying(&Arrival { pacticipants: &[new], record, instance });
        staying.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_deployment_takes_the_place_of_its_own_instance_alone() {
        assert_eq!(staying(Record::Deployment, None), ["Web 2", "Web 3"]);
        assert_eq!(staying(Record::Deployment, Some("blue")), ["Web 1", "Web 3"]);
        assert_eq!(staying(Record::Deployment, Some("green")), ["Web 1", "Web 2", "Web 3"], "3 is released as well");
        assert_eq!(staying(Record::Release, None), ["Web 1", "Web 2", "Web 3"], "a release takes nobody's place");
    }
}
