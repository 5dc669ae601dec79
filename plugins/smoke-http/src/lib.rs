//! Proves a deployment with HTTP requests: all at once, and again until each is answered as expected or time is over.
//!
//! Needs an `http` grant for every address. It follows no redirects: where one leads is something to expect.

mod config;
mod expect;
mod fill;
mod judge;
mod round;

use windlass_sdk::prelude::*;

pub use config::{Config, Each};
pub use expect::{Expect, OneOrMore};

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct SmokeHttp;

impl Smoke for SmokeHttp {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.check()
    }

    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        round::run(context, config)
    }
}

windlass_sdk::export!(smoke SmokeHttp {
    name: "smoke-http",
    summary: "sends the declared HTTP requests and holds the answers to what is expected",
    example: EXAMPLE,
    capabilities: ["http" => "sends the requests that the release file declares"],
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
        SmokeHttp::validate(&config).unwrap();
        assert_eq!(config.requests.len(), 3);
    }
}
