//! Runs the commands of steps, one after the other.

use windlass_commands::said::{failed, last_lines};
use windlass_commands::{Command, Runner};
use windlass_sdk::prelude::*;
use windlass_strategies::Words;

use crate::config::Commands;

/// Whether the operator defined and granted all of these, asked before anything is touched: an `undo` that may not run
/// would otherwise be found out when it is too late.
///
/// No program can be given a NUL, so the question never starts one.
pub(crate) fn may_run<'a>(runner: &dyn Runner, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
    for name in names {
        let question = Command { command: name.to_owned(), arguments: vec!["\0".to_owned()] };
        if let Err(error) = runner.run(&question, &[]) {
            let is_denied = error.code() == "capability-denied" && error.details().is_some();
            if is_denied || error.code() == "not-found" {
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Runs one after the other; the first that fails ends it.
pub(crate) fn all(context: &Context<'_>, runner: &dyn Runner, commands: &[Command]) -> Result<()> {
    for command in commands {
        context.stop_if_cancelled()?;
        log::progress(command.words(), None);
        let output = runner.run(command, &[])?;
        if output.exit_code != 0 {
            return Err(failed(command, &output));
        }
        for line in last_lines(&output, 1).lines() {
            log::info(format!("{}: {line}", command.command));
        }
    }
    Ok(())
}

/// All with their facts.
pub(crate) fn fill_all(commands: &Commands, words: &Words) -> Result<Vec<Command>> {
    commands.0.iter().map(|command| command.filled(words)).collect()
}
