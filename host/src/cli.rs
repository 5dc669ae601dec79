//! The command line: one module per command.
//!
//! This file holds the grammar. A command's module turns its arguments into a call of the engine and the answer into
//! facts for [`crate::report`]; it neither decides nor prints.

mod arguments;
mod completions;
mod error;
mod man;
pub mod reference;
mod schema;
mod target;

use std::ffi::OsString;

use clap::Parser as _;

use crate::report::{ExitCode, Fault, Printer, Verbosity};

pub use arguments::{Arguments, Command, Global};
pub use error::CliError;
pub use target::Target;

/// Parses the command line, runs the command, reports, and says how the process should end.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return crate::report::usage(&error),
    };
    let global = &arguments.global;
    let verbosity = match (global.quiet, global.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let printer = Printer::new(global.json, verbosity, !global.no_color);
    match run(&arguments, printer) {
        Ok(exit) => exit,
        Err(fault) => {
            printer.fault(&fault);
            fault.exit()
        }
    }
}

/// Runs the command.
fn run(arguments: &Arguments, printer: Printer) -> Result<ExitCode, Fault> {
    match &arguments.command {
        Command::Schema(arguments) => schema::run(arguments, printer),
        Command::Completions(arguments) => completions::run(arguments, printer),
        Command::Man(arguments) => man::run(arguments, printer),
        _ => Ok(ExitCode::Unexpected),
    }
}
