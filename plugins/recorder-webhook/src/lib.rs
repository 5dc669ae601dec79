//! Sends what happened to an HTTP endpoint: a JSON body of its own, or a message for Slack, Teams or Mattermost.
//!
//! Secrets in addresses and headers are placeholders, which the host replaces on the way out. Only a signature needs a
//! secret's value, for which the operator grants `reveal`.

mod answer;
mod chat;
mod config;
mod request;

use windlass_sdk::prelude::*;

pub use config::{Config, Encoding, Sign, Template};

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct RecorderWebhook;

impl Recorder for RecorderWebhook {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.check()
    }

    fn deliver(context: &Context<'_>, config: &Config, event: &Event) -> Result<Option<Value>> {
        if !config.on.is_empty() && !config.on.contains(&event.outcome) {
            return Ok(Some(json!({ "skipped": event.outcome })));
        }
        let request = request::request(config, event)?;
        let response = request.send().map_err(|error| request::without_address(error, request.url(), &config.url))?;
        let time = context.host().map(|host| host.time).unwrap_or_default();
        answer::judge(&response, &config.url, &time).map(Some)
    }
}

windlass_sdk::export!(recorder RecorderWebhook {
    name: "recorder-webhook",
    summary: "sends what happened to an HTTP endpoint, or to Slack, Teams or Mattermost",
    example: EXAMPLE,
    capabilities: [
        "http" => "sends the event there",
        "secrets" optional true => "puts a secret into the address or a header where one is configured",
        "reveal" optional true => "signs the body where a key is configured",
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
        RecorderWebhook::validate(&config).unwrap();
        assert_eq!(config.on.len(), 3);
    }
}
