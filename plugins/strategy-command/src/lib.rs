//! Deploys by commands that the operator defined by name in `agent.toml`: no shell, no Docker, and nothing but what is
//! granted.
//!
//! `observe` asks what is there, `plan` says what to do, `runner` runs commands, `verify` looks at the result. It keeps
//! nothing between calls: a step holds its commands and those that undo it, with all facts put in.

mod config;
mod observe;
mod plan;
mod runner;
#[cfg(test)]
mod tests;
mod verify;

use windlass_commands::{Command, Host};
use windlass_sdk::prelude::*;
use windlass_strategies::Words;

pub use config::{Commands, Config, Entry};
use plan::Todo;

/// The release file's lines that show what it can do.
const EXAMPLE: &str = include_str!("../example.toml");

/// The strategy; it has no state.
#[derive(Debug)]
pub struct StrategyCommand;

impl Strategy for StrategyCommand {
    type Config = Config;

    fn validate(config: &Config) -> Result<()> {
        config.validate()
    }

    fn observe(context: &Context<'_>, config: &Config) -> Result<Observation> {
        observe::observation(&Host, config, &Words::of(context)?)
    }

    fn plan(context: &Context<'_>, config: &Config) -> Result<Plan> {
        plan::plan(&Host, config, &Words::of(context)?)
    }

    fn apply(context: &Context<'_>, _: &Config, step: &Step) -> Result<Value> {
        let todo = todo(step, &step.details)?;
        runner::all(context, &Host, &todo.commands)?;
        Ok(json!({ "commands": todo.commands.iter().map(Command::words).collect::<Vec<_>>() }))
    }

    fn undo(context: &Context<'_>, _: &Config, step: &Step, _: Option<&Value>) -> Result<()> {
        let todo = todo(step, &step.before)?;
        if todo.commands.is_empty() {
            log::info(format!("undoing `{}`: there is nothing to run", step.id));
        }
        runner::all(context, &Host, &todo.commands)
    }

    fn verify(context: &Context<'_>, config: &Config) -> Result<Report> {
        verify::verify(context, &Host, config, &Words::of(context)?)
    }
}

fn todo(step: &Step, written: &Value) -> Result<Todo> {
    Todo::deserialize(written).map_err(|error| {
        Error::internal(format!("step `{}` is not one that this version of the plugin made: {error}", step.id))
    })
}

windlass_sdk::export!(strategy StrategyCommand {
    name: "strategy-command",
    summary: "deploys by commands that the operator defined by name",
    example: EXAMPLE,
    capabilities: ["exec" => "runs the commands that the operator defined"],
});
