//! The only place that prints.
//!
//! stdout is the answer, stderr is progress, warnings and errors; `--json` gives the same facts as JSON lines.
//! Nothing here decides anything.

pub mod deployment;
pub mod error;
pub mod facts;
pub mod history;
pub mod host;
pub mod outbox;
pub mod page;
pub mod plan;
mod printer;
pub mod probe;
mod progress;
pub mod release;
pub mod status;
pub mod table;
pub mod trigger;
pub mod words;

pub use error::Fault;
pub use printer::{Printer, Verbosity};
pub use progress::Teller;

use crate::explain::ExitCode;

/// Prints what clap says about a command line: help and version to stdout, errors to stderr.
#[must_use]
#[expect(clippy::print_stderr, reason = "the report prints")]
pub fn usage(error: &clap::Error) -> ExitCode {
    // It repeats arguments, which may be somebody else's text: an event's, a script's.
    let said = error.render().to_string();
    let clean: String = said.lines().flat_map(|line| [page::clean(line), "\n".to_owned()]).collect();
    if error.use_stderr() && clean != said {
        eprint!("{clean}");
    } else {
        // There is nowhere left to report to when writing to the terminal fails.
        drop(error.print());
    }
    if error.use_stderr() { ExitCode::Usage } else { ExitCode::Succeeded }
}
