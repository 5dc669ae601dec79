//! Commands that the operator defined by name in `agent.toml`. There is no shell.

use crate::Result;
use crate::bindings::imports::windlass::plugin::exec as host;
use crate::error::ask;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit code; 128 and the signal's number when a signal ended it.
    pub exit_code: i32,
    /// At most the operator's `max-output`; the beginning is kept.
    pub stdout: Vec<u8>,
    /// Likewise; the end is kept.
    pub stderr: Vec<u8>,
    /// Whether anything was cut.
    pub truncated: bool,
}

/// Runs a command with the arguments that its definition allows, and waits for its end.
pub fn run(command: &str, arguments: &[&str], stdin: &[u8]) -> Result<Output> {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let output = ask(|| host::run(command, &arguments, stdin))?;
    Ok(Output {
        exit_code: output.exit_code,
        stdout: output.stdout,
        stderr: output.stderr,
        truncated: output.truncated,
    })
}
