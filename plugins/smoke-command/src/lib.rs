//! Asks a command of the operator whether the deployment works: a script is a smoke test.
//!
//! What an exit code or an answer in JSON means is the same for checks and smoke tests, and is in [`probe`].

use windlass_commands::{Host, probe};
use windlass_sdk::prelude::*;

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct SmokeCommand;

impl Smoke for SmokeCommand {
    type Config = probe::Config;

    fn validate(config: &probe::Config) -> Result<()> {
        config.validate()
    }

    fn run(context: &Context<'_>, config: &probe::Config) -> Result<Report> {
        config.ask(context, &Host)
    }
}

windlass_sdk::export!(smoke SmokeCommand {
    name: "smoke-command",
    summary: "asks a command that the operator defined whether the deployment works",
    example: EXAMPLE,
    capabilities: ["exec" => "asks the command that the operator defined"],
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_names_every_key() {
        let page = include_str!("../../../docs/plugins.md");
        assert_eq!(windlass_sdk::testing::undocumented::<probe::Config>(page, EXAMPLE), [""; 0]);
    }

    #[test]
    fn the_example_is_valid() {
        let config: probe::Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
        SmokeCommand::validate(&config).unwrap();
    }
}
