//! Records in a Pact Broker what runs in an environment, so that it can say what may be deployed beside it.
//!
//! It writes down what runs after a deployment, also after one that was put back; writes it again where the broker lost it;
//! and ends its own records of what no longer runs. It makes no pacticipant, no version and no environment: one that the
//! broker does not know is an error to be mended.

mod config;
mod entry;
mod failed;
mod words;
mod work;

use std::collections::BTreeMap;

use windlass_pact::{Client, Ended, Environment, Recorded, Resource, Slot};
use windlass_sdk::prelude::*;

pub use config::Config;

use entry::{Earlier, Entry, Instance};
use words::Done;
use work::Work;

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// How many of its earlier answers it looks through: those about deployments that changed nothing may say nothing.
const EARLIER: u32 = 20;

/// The plugin.
#[derive(Debug)]
pub struct RecorderPact;

impl Recorder for RecorderPact {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.check()
    }

    fn deliver(context: &Context<'_>, config: &Config, event: &Event) -> Result<Option<Value>> {
        let earlier = Earlier::of(&context.last_facts(EARLIER)?);
        // Nothing was changed (refused, or found later), or it is not known what runs (stuck).
        if event.found.is_some() || matches!(event.outcome, Outcome::Refused | Outcome::Stuck) {
            return Ok(Some(earlier.facts()));
        }
        let work = work::work(config, event, &earlier)?;
        let mut done = Done::default();
        if !work.record.is_empty() || !work.end.is_empty() {
            done = Desk::open(context, config)?.carry_out(&work)?;
        }
        let summary = words::summary(&done, &earlier.entries, &work.elsewhere);
        for (entry, ended) in &done.ended {
            if let Ended::Taken(version) = ended {
                log::warn(format!(
                    "{entry} was recorded here and no longer runs; the broker has version {version} in its place in {}, \
                     which this recorder did not record and leaves as it is",
                    entry.environment
                ));
            }
        }
        let already: Vec<bool> = done.recorded.iter().map(|(_, already)| *already).collect();
        let entries: Vec<Entry> = done.recorded.into_iter().map(|(entry, _)| entry).chain(work.keep).collect();
        if entries.is_empty() && earlier.entries.is_empty() {
            return Ok(Some(earlier.facts()));
        }
        let release = event.running.as_ref().map(|running| running.id.as_str());
        let mut facts = entry::facts(Some(&config.broker.url), release, &entries);
        for (number, already) in already.into_iter().enumerate() {
            facts["recorded"][number]["already"] = json!(already);
        }
        if let (Some(fields), Some(summary)) = (facts.as_object_mut(), summary) {
            fields.insert("summary".to_owned(), json!(summary));
        }
        // That nothing is recorded any more is worth remembering, too.
        if let Some(fields) = facts.as_object_mut().filter(|_| entries.is_empty()) {
            fields.insert("environment".to_owned(), json!(event.environment));
        }
        Ok(Some(facts))
    }
}

/// A broker with its index.
struct Desk<'a> {
    client: Client<'a>,
    index: Resource,
    config: &'a Config,
    environments: BTreeMap<String, Result<Environment, Vec<String>>>,
}

impl<'a> Desk<'a> {
    fn open(context: &Context<'_>, config: &'a Config) -> Result<Self> {
        let client = Client::new(&config.broker, context.remaining())?;
        let index = client.index()?;
        Ok(Self { client, index, config, environments: BTreeMap::new() })
    }

    /// Does everything that can be done, or gives one error for all that failed: the next attempt finds what was done and
    /// goes on with the rest.
    fn carry_out(mut self, work: &Work) -> Result<Done> {
        let (mut done, mut failed) = (Done::default(), Vec::new());
        for entry in &work.record {
            match self.record(entry) {
                Ok(Recorded { address, already }) => done.recorded.push((Entry { address, ..entry.clone() }, already)),
                Err(error) => {
                    failed.push(error.context(format!("{entry} is not recorded in {}", entry.environment)));
                }
            }
        }
        for entry in &work.end {
            match self.end(entry) {
                Ok(ended) => done.ended.push((entry.clone(), ended)),
                Err(error) => {
                    failed.push(error.context(format!("the record of {entry} in {} is not ended", entry.environment)));
                }
            }
        }
        failed::together(&failed).map_or(Ok(done), Err)
    }

    fn record(&mut self, entry: &Entry) -> Result<Recorded> {
        let name = &entry.environment;
        let environment = self.environment(name)?.map_err(|known| Environment::unknown_error(name, &known))?;
        let version = self.client.version(&self.index, &entry.pacticipant)?;
        let instance = entry.instance.name(self.config.instance.as_deref());
        self.client.record(&version, &entry.pacticipant, &environment, entry.record, instance)
    }

    fn end(&mut self, entry: &Entry) -> Result<Ended> {
        // The records of an environment went with it.
        let Ok(environment) = self.environment(&entry.environment)? else { return Ok(Ended::Before) };
        let slot = Slot {
            pacticipant: &entry.pacticipant.name,
            version: &entry.pacticipant.version,
            instance: entry.instance.name(self.config.instance.as_deref()),
            address: entry.address.as_deref().filter(|_| entry.instance == Instance::Unsaid),
        };
        self.client.end_deployment(&environment, slot)
    }

    /// The environment of that name, or the names of those that there are.
    fn environment(&mut self, name: &str) -> Result<Result<Environment, Vec<String>>> {
        if let Some(known) = self.environments.get(name) {
            return Ok(known.clone());
        }
        let found = self.client.environment(&self.index, name)?;
        self.environments.insert(name.to_owned(), found.clone());
        Ok(found)
    }
}

windlass_sdk::export!(recorder RecorderPact {
    name: "recorder-pact",
    summary: "records in a Pact Broker what runs in an environment",
    example: EXAMPLE,
    capabilities: [
        "http" => "tells the broker that the release file names",
        "secrets" optional true => "the user and password or the token for the broker",
    ],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_names_every_key() {
        let page = include_str!("../../../docs/plugins.md");
        assert_eq!(windlass_sdk::testing::undocumented::<Config>(page, EXAMPLE), [""; 0]);
    }

    #[test]
    fn the_example_is_valid() {
        let config: Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
        RecorderPact::validate(&config).unwrap();
        assert_eq!(config.record, windlass_pact::Record::Deployment);
    }

    #[test]
    fn an_instance_without_a_name_is_refused() {
        let mut config: Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
        config.instance = Some(String::new());
        assert!(RecorderPact::validate(&config).unwrap_err().message().contains("`instance` is empty"));
        config.instance = Some("blue".to_owned());
        config.record = windlass_pact::Record::Release;
        assert!(RecorderPact::validate(&config).is_err());
    }
}
