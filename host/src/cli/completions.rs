//! `windlass completions`: completion scripts, made from the grammar.

use clap::CommandFactory as _;
use windlass_foundation::explain::ExitCode;
use windlass_report::Printer;

use super::arguments::{Arguments, CompletionsArguments};

/// Prints the script for a shell.
pub(super) fn run(arguments: &CompletionsArguments, printer: Printer) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "windlass", &mut script);
    printer.verbatim(&String::from_utf8_lossy(&script));
    ExitCode::Succeeded
}
