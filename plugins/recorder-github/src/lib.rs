//! Tells GitHub about deployments with their statuses, and announces releases as issues or releases there.
//!
//! What was written for an event is searched for first, so that an event may be told any number of times. Deployments
//! that touched nothing, refused and unchanged ones, are not told.

mod announce;
mod changes;
mod config;
mod deployments;
mod markdown;

use windlass_github::Client;
use windlass_sdk::prelude::*;

pub use config::{Announce, Config, Own};

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct RecorderGitHub;

impl Recorder for RecorderGitHub {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.check()
    }

    fn deliver(_: &Context<'_>, config: &Config, event: &Event) -> Result<Option<Value>> {
        if matches!(event.outcome, Outcome::Refused | Outcome::Unchanged) {
            return Ok(Some(json!({ "skipped": event.outcome })));
        }
        // The deployment was told; what the agent found since is no other one.
        if event.found.is_some() {
            return Ok(Some(json!({ "skipped": "found" })));
        }
        let settings = config.settings(&config.repository);
        let client = Client::new(&settings)?;
        let mut facts = json!({});
        if config.deployments {
            let tag = config.tag.replace("{version}", &event.release.version);
            facts["deployment"] = deployments::tell(&client, &tag, event)?;
        }
        if let Some(announce) = config.announce.filter(|_| event.outcome == Outcome::Succeeded && !event.rollback) {
            facts["announcement"] = announce::tell(&client, config, announce, event)?;
        }
        facts["summary"] = json!(summary(&facts));
        Ok(Some(facts))
    }
}

/// What GitHub was told, in one sentence.
fn summary(facts: &Value) -> String {
    let text = |pointer: &str| facts.pointer(pointer).and_then(Value::as_str);
    let mut parts = Vec::new();
    if let Some(state) = text("/deployment/state") {
        parts.push(format!("deployment {} is {state}", facts["deployment"]["id"]));
    }
    if let Some(announcement) = facts.get("announcement") {
        let what = match announcement.get("issue") {
            Some(number) => format!("issue {number}"),
            None => format!("release {}", text("/announcement/release").unwrap_or_default()),
        };
        parts.push(format!("announced as {what}"));
    }
    parts.join("; ")
}

windlass_sdk::export!(recorder RecorderGitHub {
    name: "recorder-github",
    summary: "tells GitHub about deployments and announces releases there",
    example: EXAMPLE,
    capabilities: [
        "http" => "writes deployments, issues and releases to GitHub",
        "secrets" => "sends the token of GitHub",
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
        RecorderGitHub::validate(&config).unwrap();
    }
}
