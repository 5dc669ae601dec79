//! What a command wrote, and how it ended, in words.

use windlass_sdk::exec::Output;
use windlass_sdk::prelude::*;

use super::Command;

/// How many of a command's last lines are repeated.
const LINES: usize = 5;

/// How much of them, in bytes.
const BYTES: usize = 1500;

/// How many of a command's lines are kept in the log.
const LOGGED: usize = 200;

/// How it ended.
#[must_use]
pub fn ending(code: i32) -> String {
    if code > 128 { format!("signal {} (exit code {code})", code - 128) } else { format!("exit code {code}") }
}

/// A command that did not end as it should.
#[must_use]
pub fn failed(command: &Command, output: &Output) -> Error {
    let said = last_lines(output, LINES);
    let said = if said.is_empty() { "it wrote nothing".to_owned() } else { said };
    let message = format!("the command `{}` ended with {}: {said}", command.command, ending(output.exit_code));
    Error::new("plugin:command-failed", message)
        .detail("exit-code", json!(output.exit_code))
        .detail("command", json!(command.words()))
        .hint(format!("`[commands.{}]` in `agent.toml` says what it runs, where, and as whom", command.command))
}

/// What a command said last: of its errors, or where it wrote none, of its output.
#[must_use]
pub fn last_lines(output: &Output, most: usize) -> String {
    let errors = text(&output.stderr);
    last_of(&if errors.is_empty() { text(&output.stdout) } else { errors }, most)
}

/// The last lines of a command's output, at most so many.
#[must_use]
pub fn last_of_output(output: &Output, most: usize) -> String {
    last_of(&text(&output.stdout), most)
}

/// Puts what a command wrote into the log of the deployment, the last lines of it.
pub fn keep(command: &Command, output: &Output) {
    for (stream, bytes) in [("output", &output.stdout), ("errors", &output.stderr)] {
        let text = text(bytes);
        let lines: Vec<&str> = text.lines().collect();
        let left_out = lines.len().saturating_sub(LOGGED);
        if left_out > 0 {
            log::info(format!("{}: the first {left_out} lines of its {stream} are left out", command.command));
        }
        for line in lines.iter().skip(left_out) {
            log::info(format!("{}: {}", command.command, plain(line)));
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn plain(text: &str) -> String {
    text.chars().filter(|letter| *letter == '\n' || !letter.is_control()).collect()
}

fn last_of(text: &str, most: usize) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(most)..).unwrap_or_default().join("\n");
    let mut from = last.len().saturating_sub(BYTES);
    while !last.is_char_boundary(from) {
        from += 1;
    }
    let shown = plain(last.get(from..).unwrap_or_default());
    if from == 0 { shown } else { format!("…{shown}") }
}
