//! Proves that all containers of the application run, are healthy, stay so through a settling window without a
//! restart, and reach each other.
//!
//! It waits for the engine's events and does not poll. Time is measured from here on: the engine's clock and the
//! agent's are never compared.

mod config;
mod connect;
mod judge;
mod member;
mod settle;

use windlass_sdk::prelude::*;

pub use config::{Config, Connection, Target};

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct SmokeContainers;

impl Smoke for SmokeContainers {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.check()
    }

    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        settle::run(context, config)
    }
}

windlass_sdk::export!(smoke SmokeContainers {
    name: "smoke-containers",
    summary: "waits until all containers run and are healthy, and proves that they stay so and reach each other",
    example: EXAMPLE,
    capabilities: ["docker-read" => "watches the application's containers and connects from inside them"],
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
        SmokeContainers::validate(&config).unwrap();
        assert_eq!(config.connect.len(), 2);
    }
}
