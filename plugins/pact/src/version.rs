//! Versions of pacticipants, and what is recorded of them.
//!
//! No version is ever made here: one that the broker does not know was not published by its build.

use serde::Deserialize;
use serde_json::{Value, json};
use windlass_sdk::{Error, Result};

use crate::answer::Answer;
use crate::client::{Client, required};
use crate::environment::Environment;
use crate::hal::Resource;
use crate::pacticipant::Pacticipant;

/// A version that the broker knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Version(Resource);

/// What is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// A deployment: it takes the place of the pacticipant's former version in the environment.
    #[default]
    Deployment,
    /// A release, such as of a mobile application or a library: earlier ones stay supported beside it.
    Release,
}

/// What was recorded, or was already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Where the record is at the broker.
    pub address: Option<String>,
    /// Whether it was there already, and nothing was written.
    pub already: bool,
}

impl Client<'_> {
    /// The version of a pacticipant.
    pub fn version(&self, index: &Resource, of: &Pacticipant) -> Result<Version> {
        let link = index.link("pb:pacticipant-version")?;
        let address = link.expand(&[("pacticipant", &of.name), ("version", &of.version)])?;
        match self.get(&address)? {
            Answer::Missing(_) => Err(self.unknown(index, of)?),
            answer => required("GET", answer, &address).map(Version),
        }
    }

    /// Which of the two the broker does not know.
    fn unknown(&self, index: &Resource, of: &Pacticipant) -> Result<Error> {
        let address = index.link("pb:pacticipant")?.expand(&[("pacticipant", &of.name)])?;
        let Pacticipant { name, version, .. } = of;
        Ok(match self.get(&address)? {
            Answer::Missing(_) => {
                let (message, hint) = of.unknown(&self.pacticipants(index).unwrap_or_default());
                Error::new("not-found", message).hint(hint)
            }
            _ => Error::new("not-found", format!("the broker knows no version {version} of `{name}`")).hint(format!(
                "nothing was created: let the build of {version} publish its contracts or `pact-broker \
                 create-or-update-version`, then deploy the release again"
            )),
        })
    }

    /// Whether the broker knows the version of a pacticipant.
    pub fn knows(&self, index: &Resource, of: &Pacticipant) -> Result<bool> {
        let link = index.link("pb:pacticipant-version")?;
        let address = link.expand(&[("pacticipant", &of.name), ("version", &of.version)])?;
        match self.get(&address)? {
            Answer::Missing(_) => Ok(false),
            answer => required("GET", answer, &address).map(|_| true),
        }
    }

    /// Records a version as deployed or released, unless it is already.
    pub fn record(
        &self,
        version: &Version,
        of: &Pacticipant,
        environment: &Environment,
        record: Record,
        instance: Option<&str>,
    ) -> Result<Recorded> {
        let (relation, known) = match record {
            Record::Deployment => ("pb:record-deployment", self.deployed(environment, Some(&of.name))?),
            Record::Release => ("pb:record-release", self.supported(environment, Some(&of.name))?),
        };
        let is = |entry: &&Resource| {
            let text = |pointer: &str| entry.0.pointer(pointer).and_then(Value::as_str);
            text("/_embedded/version/number") == Some(of.version.as_str())
                && (record == Record::Release || text("/applicationInstance") == instance)
        };
        if let Some(entry) = known.iter().find(is) {
            return Ok(Recorded { address: own_address(entry), already: true });
        }
        let links = version.0.links(relation);
        let named = links.iter().find(|link| link.name.as_deref() == Some(environment.name.as_str()));
        let link = named.ok_or_else(|| {
            let known: Vec<String> = links.iter().filter_map(|link| link.name.clone()).collect();
            Environment::unknown_error(&environment.name, &known)
        })?;
        let body = match instance {
            Some(instance) if record == Record::Deployment => json!({ "applicationInstance": instance }),
            _ => json!({}),
        };
        let answer = self.post(&link.href, Some(&body))?;
        let made = required("POST", answer, &link.href)?;
        Ok(Recorded { address: own_address(&made), already: false })
    }
}

pub(crate) fn own_address(resource: &Resource) -> Option<String> {
    resource.links("self").into_iter().next().map(|link| link.href)
}
