//! Writes what runs as a JSON file into a git repository, commits it when it changed, and pushes.
//!
//! It works through commands of the operator, whose programs, repository, branch and credentials are fixed in
//! `agent.toml`. Commits are made on top of the branch as it is at the remote, without a working tree and an index, so
//! that a clone's own files and branches are neither looked at nor changed, and nothing is ever forced.

mod batch;
mod config;
mod content;
mod failures;
mod import;
mod message;
mod push;
mod repository;
mod write;

use windlass_sdk::prelude::*;

pub use config::{Author, Config};

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The plugin.
#[derive(Debug)]
pub struct RecorderGitState;

impl Recorder for RecorderGitState {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.check()
    }

    fn deliver(context: &Context<'_>, config: &Config, event: &Event) -> Result<Option<Value>> {
        // A deployment that changed nothing is a reason to look whether the file is still there.
        let looks = event.outcome == Outcome::Unchanged && config.on.contains(&Outcome::Succeeded);
        if !config.on.contains(&event.outcome) && !looks {
            return Ok(Some(json!({ "skipped": event.outcome })));
        }
        write::write(context, config, event).map(Some)
    }
}

windlass_sdk::export!(recorder RecorderGitState {
    name: "recorder-git-state",
    summary: "writes what runs as a JSON file into a git repository and pushes it",
    example: EXAMPLE,
    capabilities: ["exec" => "runs the git commands that the operator defined"],
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
        RecorderGitState::validate(&config).unwrap();
        assert_eq!(config.content.len(), 2);
    }
}
