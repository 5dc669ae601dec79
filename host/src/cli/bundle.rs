//! `windlass bundle`: the files of an application as one archive, to be sent with a command.
//!
//! Standard output is the archive and nothing else; what was packed is told on standard error.

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use windlass_api::command::Content;
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::words;
use windlass_report::page::Line;
use windlass_report::{Printer, Verbosity};
use windlass_service::caller::{self, Packed};

use super::arguments::BundleArguments;
use super::error::CliError;
use super::output;

/// Writes the archive.
pub(super) fn run(arguments: &BundleArguments, printer: Printer) -> Result<ExitCode, ExplainedError> {
    let BundleArguments { directory, out } = arguments;
    if out.is_none() && std::io::stdout().is_terminal() {
        return Err(CliError::ArchiveForTerminal.into());
    }
    let packed = caller::pack(directory)?;
    tell(&packed, printer);
    let Some(out) = out else {
        let mut stdout = std::io::stdout().lock();
        let written = stdout.write_all(&packed.archive).and_then(|()| stdout.flush());
        // Who reads it must not take a part for the whole, and neither must who waits for this.
        written.map_err(|source| CliError::Write { path: PathBuf::from("standard output"), source })?;
        return Ok(ExitCode::Succeeded);
    };
    caller::write(out, &Content(packed.archive))?;
    printer.status(&Line::plain(format!("wrote `{}`", out.display())));
    if let Some(warning) = output::released(out, directory) {
        printer.warn(&warning);
    }
    Ok(ExitCode::Succeeded)
}

/// Tells what is in the archive, and what is not.
fn tell(packed: &Packed, printer: Printer) {
    let Packed { files, bytes, left_out, archive: _ } = packed;
    let size = match bytes {
        0..10_240 => words::count(usize::try_from(*bytes).unwrap_or(usize::MAX), "byte"),
        10_240..10_485_760 => format!("{} KiB", bytes.div_ceil(1 << 10)),
        _ => format!("{} MiB", bytes.div_ceil(1 << 20)),
    };
    let left = match left_out.len() {
        0 => String::new(),
        count => format!("; left out: {count}"),
    };
    printer.status(&Line::plain(format!("{}, {size}{left}", words::count(*files, "file"))));
    if printer.verbosity() == Verbosity::Verbose {
        for path in left_out {
            printer.status(&Line::plain(format!("  left out `{}`", path.escape_debug())));
        }
    }
}
