//! The only place that prints.
//!
//! stdout is the answer, stderr is progress, warnings and errors; `--json` gives the same facts as JSON lines.
//! Nothing here decides anything.

pub mod access;
pub mod answer;
pub mod deployment;
pub mod error;
mod found;
pub mod history;
pub mod host;
pub mod host_log;
pub mod markdown;
pub mod outbox;
pub mod page;
pub mod plan;
pub mod plugin;
mod printer;
pub mod probe;
mod progress;
pub mod release;
pub mod status;
pub mod table;
pub mod trigger;

pub use printer::{Printer, Verbosity};
pub use progress::Teller;

use std::io::{self, Write as _};

use windlass_foundation::explain::ExitCode;

/// Prints what the parser says about a command line: help and the version, or what is wrong with it.
///
/// `said` is its text without styles; `styled` writes it as the parser would, with styles on a terminal, and is called
/// unless the text is an error that repeats control characters of an argument.
#[must_use]
pub fn usage(said: &str, is_wrong: bool, styled: impl FnOnce() -> io::Result<()>) -> ExitCode {
    // The text repeats arguments, which may come from another party: an event or a script.
    let clean: String = said.lines().flat_map(|line| [page::clean(line), "\n".to_owned()]).collect();
    if is_wrong && clean != said {
        // There is nowhere left to report to when writing to the terminal fails.
        drop(io::stderr().write_all(clean.as_bytes()));
    } else {
        drop(styled());
    }
    if is_wrong { ExitCode::Usage } else { ExitCode::Succeeded }
}
