//! `windlass completions`: completion scripts, made from the grammar.

use clap::CommandFactory as _;

use super::arguments::{Arguments, CompletionsArguments};
use crate::explain::ExitCode;
use crate::report::Printer;

/// Prints the script for a shell.
pub(super) fn run(arguments: &CompletionsArguments, printer: Printer) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "windlass", &mut script);
    printer.verbatim(&String::from_utf8_lossy(&script));
    ExitCode::Succeeded
}
