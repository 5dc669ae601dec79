//! Refuses a release whose version label does not look like one.
use windlass_sdk::prelude::*;

/// The check; it keeps nothing between calls.
pub struct VersionLabel;

/// Its `with` table.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What a version label must start with.
    pub prefix: String,
}

impl Check for VersionLabel {
    type Config = Config;

    fn run(context: &Context<'_>, config: &Config) -> Result<Report> {
        let version = context.release()?.version;
        if version.starts_with(&config.prefix) {
            return Ok(Report::pass(format!("{version} starts with {}", config.prefix)));
        }
        Ok(Report::fail(format!("{version} does not start with {}", config.prefix)))
    }
}

windlass_sdk::export!(check VersionLabel {
    name: "check-twenty-lines",
    summary: "refuses a release whose version label does not look like one",
    capabilities: [],
});
