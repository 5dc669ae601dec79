//! Tells a web service how each deployment ended.

use windlass_sdk::prelude::*;

/// The recorder; it keeps nothing between calls.
pub struct Plugin;

/// Its `with` table. `windlass plugin inspect` shows these texts, and a misspelt key is an error with its place.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Where the events are sent, each as JSON.
    pub url: String,
}

impl Recorder for Plugin {
    type Config = Config;

    /// What the types cannot say. It is asked before anything is touched.
    fn validate(config: &Config) -> Result<()> {
        http::Request::get(&config.url).check()
    }

    /// Told at least once, and in order. An error that is retryable is tried again later; any other is set aside for a
    /// person. The `summary` of the facts is shown to the operator.
    fn deliver(_: &Context<'_>, config: &Config, event: &Event) -> Result<Option<Value>> {
        request(config, event)?.send()?.expect_success()?;
        Ok(Some(
            json!({ "summary": format!("told {} of {}", config.url, event.deployment) }),
        ))
    }
}

/// What is sent. The key is the same in every attempt, so that a service can tell a repeated event from a new one.
fn request(config: &Config, event: &Event) -> Result<http::Request> {
    let body = json!({
        "application": event.application,
        "environment": event.environment,
        "version": event.release.version,
        "outcome": event.outcome,
    });
    Ok(http::Request::post_json(&config.url, &body)?
        .header("idempotency-key", &event.idempotency_key))
}

windlass_sdk::export!(recorder Plugin {
    name: "plugin-name",
    summary: "tells a web service how each deployment ended",
    example: include_str!("../example.toml"),
    capabilities: ["http" => "sends the events"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_sent_with_its_key() {
        let config: Config = testing::example(include_str!("../example.toml")).unwrap();
        Plugin::validate(&config).unwrap();
        let event = testing::event(Outcome::Succeeded, testing::release("kudos", "2.0"));
        let request = request(&config, &event).unwrap();
        assert_eq!(
            (request.method(), request.url()),
            ("POST", "https://events.example/deployments")
        );
    }

    #[test]
    fn without_a_host_nothing_is_told() {
        let context = Context::fixture(Fixture::default());
        let config = Config {
            url: "https://events.example".to_owned(),
        };
        let event = testing::event(Outcome::RolledBack, testing::release("kudos", "2.0"));
        assert_eq!(
            Plugin::deliver(&context, &config, &event)
                .unwrap_err()
                .code(),
            "unsupported"
        );
    }
}
