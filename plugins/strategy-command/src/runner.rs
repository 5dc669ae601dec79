//! Runs commands, and says what went wrong with one.

use windlass_sdk::exec::Output;
use windlass_sdk::prelude::*;
use windlass_strategies::Words;

use crate::config::{Command, Commands};

/// How many of a command's last lines are repeated.
const LINES: usize = 5;

/// How much of them, in bytes.
const BYTES: usize = 1500;

/// Who runs commands; tests have one of their own.
pub(crate) trait Runner {
    /// Runs it, with facts put in already, and waits for its end.
    fn run(&self, command: &Command) -> Result<Output>;
}

/// The host.
pub(crate) struct Host;

impl Runner for Host {
    fn run(&self, command: &Command) -> Result<Output> {
        let arguments: Vec<&str> = command.arguments.iter().map(String::as_str).collect();
        exec::run(&command.command, &arguments, &[])
    }
}

/// Whether the operator defined and granted all of these, asked before anything is touched: an `undo` that may not run
/// would otherwise be found out when it is too late.
///
/// No program can be given a NUL, so the question never starts one.
pub(crate) fn may_run<'a>(runner: &dyn Runner, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
    for name in names {
        let question = Command { command: name.to_owned(), arguments: vec!["\0".to_owned()] };
        if let Err(error) = runner.run(&question) {
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
        log::progress(words(command), None);
        let output = runner.run(command)?;
        if output.exit_code != 0 {
            return Err(failed(command, &output));
        }
        for line in last_lines(&output, 1).lines() {
            log::info(format!("{}: {line}", command.command));
        }
    }
    Ok(())
}

/// With its facts.
pub(crate) fn fill(command: &Command, words: &Words) -> Result<Command> {
    let arguments = command.arguments.iter().map(|argument| words.fill(argument)).collect::<Result<_>>()?;
    Ok(Command { command: command.command.clone(), arguments })
}

/// The same for all.
pub(crate) fn fill_all(commands: &Commands, words: &Words) -> Result<Vec<Command>> {
    commands.0.iter().map(|command| fill(command, words)).collect()
}

/// The command as people read it.
pub(crate) fn words(command: &Command) -> String {
    let arguments = command.arguments.iter().map(String::as_str);
    std::iter::once(command.command.as_str()).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// A command that did not end with 0.
pub(crate) fn failed(command: &Command, output: &Output) -> Error {
    let said = last_lines(output, LINES);
    let said = if said.is_empty() { "it wrote nothing".to_owned() } else { said };
    let message = format!("the command `{}` ended with {}: {said}", command.command, ending(output.exit_code));
    Error::new("plugin:command-failed", message)
        .detail("exit-code", json!(output.exit_code))
        .detail("command", json!(words(command)))
        .hint(format!("`[commands.{}]` in `agent.toml` says what it runs, where, and as whom", command.command))
}

/// How it ended.
pub(crate) fn ending(code: i32) -> String {
    if code > 128 { format!("signal {} (exit code {code})", code - 128) } else { format!("exit code {code}") }
}

/// What a command said last: of its errors, or where it wrote none, of its output.
pub(crate) fn last_lines(output: &Output, most: usize) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let errors = text(&output.stderr);
    let whole = if errors.is_empty() { text(&output.stdout) } else { errors };
    let lines: Vec<&str> = whole.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(most)..).unwrap_or_default().join("\n");
    let mut from = last.len().saturating_sub(BYTES);
    while !last.is_char_boundary(from) {
        from += 1;
    }
    let end = last.get(from..).unwrap_or_default();
    let shown: String = end.chars().filter(|letter| *letter == '\n' || !letter.is_control()).collect();
    if from == 0 { shown } else { format!("…{shown}") }
}
