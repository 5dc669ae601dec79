//! Records in a Pact Broker what runs in an environment, so that it can say what may be deployed beside it.
//!
//! It writes down what runs after a deployment, also after one that was put back, and makes no pacticipant, no version
//! and no environment: one that the broker does not know is an error to be mended.

mod config;

use windlass_pact::{Client, Environment, Pacticipant, Record, Recorded, Resource};
use windlass_sdk::prelude::*;

pub use config::Config;

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct RecorderPact;

impl Recorder for RecorderPact {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.check()
    }

    fn deliver(context: &Context<'_>, config: &Config, event: &Event) -> Result<Option<Value>> {
        let Some(running) = news(event) else { return Ok(Some(json!({ "recorded": [] }))) };
        // An earlier release to which a rollback went may lack what this one has.
        let mut table = config.pacticipants.clone();
        table.retain(|name, _| running.artifacts.contains_key(name) || !event.release.artifacts.contains_key(name));
        let pacticipants = Pacticipant::of_release(running, &table, &config.version)?;
        let name = config.environment.as_deref().unwrap_or(&event.environment);
        let client = Client::new(&config.broker, context.remaining())?;
        let index = client.index()?;
        let environment =
            client.environment(&index, name)?.map_err(|known| Environment::unknown_error(name, &known))?;
        let told: Vec<Result<Recorded>> =
            pacticipants.iter().map(|one| record(&client, &index, &environment, one, config)).collect();
        facts(&pacticipants, told, name, config.record).map(Some)
    }
}

/// What runs now, when the deployment may have changed it. After one that is stuck nobody knows.
fn news(event: &Event) -> Option<&Release> {
    match event.outcome {
        Outcome::Succeeded | Outcome::RolledBack => event.running.as_ref(),
        Outcome::Unchanged | Outcome::Refused | Outcome::Stuck => None,
    }
}

fn record(
    client: &Client<'_>,
    index: &Resource,
    environment: &Environment,
    one: &Pacticipant,
    config: &Config,
) -> Result<Recorded> {
    let version = client.version(index, one)?;
    client.record(&version, one, environment, config.record, config.instance.as_deref())
}

/// All facts, or one error for all that failed: the next attempt finds what was recorded and goes on with the rest.
fn facts(
    pacticipants: &[Pacticipant],
    told: Vec<Result<Recorded>>,
    environment: &str,
    record: Record,
) -> Result<Value> {
    let (mut recorded, mut failed) = (Vec::new(), Vec::new());
    for (one, result) in pacticipants.iter().zip(told) {
        match result {
            Ok(Recorded { address, already }) => recorded.push(json!({
                "pacticipant": one.name, "version": one.version, "address": address, "already": already,
            })),
            Err(error) => failed.push(error.context(format!("{one} is not recorded in {environment}"))),
        }
    }
    let mut failed = failed.into_iter();
    let Some(first) = failed.next() else {
        let record = match record {
            Record::Deployment => "deployment",
            Record::Release => "release",
        };
        return Ok(json!({ "environment": environment, "record": record, "recorded": recorded }));
    };
    let mut failure = first.into_failure();
    for error in failed {
        failure.message = format!("{}; {error}", failure.message);
        failure.retryable |= error.is_retryable();
    }
    Err(Error::from_failure(failure))
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
        assert_eq!(config.record, Record::Deployment);
    }

    #[test]
    fn an_instance_without_a_name_is_refused() {
        let mut config: Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
        config.instance = Some(String::new());
        assert!(RecorderPact::validate(&config).unwrap_err().message().contains("`instance` is empty"));
        config.instance = Some("blue".to_owned());
        config.record = Record::Release;
        assert!(RecorderPact::validate(&config).is_err());
    }

    #[test]
    fn every_failure_is_named_and_the_whole_is_tried_again_when_one_may_pass() {
        let one =
            |name: &str| Pacticipant { artifact: name.to_owned(), name: name.to_owned(), version: "1".to_owned() };
        let told = vec![
            Err(Error::new("not-found", "the broker knows no version 1")),
            Ok(Recorded { address: None, already: false }),
            Err(Error::new("unavailable", "the broker is away").retryable()),
        ];
        let error = facts(&[one("A"), one("B"), one("C")], told, "uat", Record::Deployment).unwrap_err();
        assert!(error.is_retryable());
        assert_eq!(
            error.message(),
            "A 1 is not recorded in uat: the broker knows no version 1; C 1 is not recorded in uat: the broker is away"
        );
    }
}
