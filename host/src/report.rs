//! The only place that prints.
//!
//! stdout is the answer, stderr is progress, warnings and errors; `--json` gives the same facts as JSON lines.
//! Nothing here decides anything.

pub mod explain;
pub mod error;
pub mod facts;
pub mod page;
pub mod table;
pub mod words;
mod printer;

pub use explain::{ExitCode, Explain, Place};
pub use error::Fault;
pub use printer::{Printer, Verbosity};

/// Prints what clap says about a command line: help and version to stdout, errors to stderr.
#[must_use]
pub fn usage(error: &clap::Error) -> ExitCode {
    // There is nowhere left to report to when writing to the terminal fails.
    drop(error.print());
    if error.use_stderr() { ExitCode::Usage } else { ExitCode::Succeeded }
}
