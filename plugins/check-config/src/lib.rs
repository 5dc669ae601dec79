//! Checks that a release's configuration is complete: variables, files and secrets.
//!
//! It shows names and places and never a value, which may be a password that was not declared as a secret.

mod config;
mod file;
mod judge;
mod kind;
mod rule;
mod unresolved;

use windlass_sdk::prelude::*;

pub use config::{Config, File, Format};
pub use kind::Kind;
pub use rule::Rule;

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct CheckConfig;

impl Check for CheckConfig {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.check()
    }

    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        judge::run(context, config)
    }
}

windlass_sdk::export!(check CheckConfig {
    name: "check-config",
    summary: "checks that variables, configuration files and secrets are there and fit",
    example: EXAMPLE,
    capabilities: [
        "secrets" optional true => "asks whether the secrets are there, without seeing them",
        "files" optional true => "reads configuration files outside the bundle where some are declared",
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
        CheckConfig::validate(&config).unwrap();
        assert_eq!(config.variables.len(), 4);
    }
}
