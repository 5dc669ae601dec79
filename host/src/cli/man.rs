//! `windlass man`: manual pages, made from the grammar.

use std::path::Path;

use clap::CommandFactory as _;
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_report::Printer;
use windlass_report::page::Line;

use super::arguments::{Arguments, ManArguments};
use super::error::CliError;

/// Prints the first page, or writes one page for each command.
pub(super) fn run(arguments: &ManArguments, printer: Printer) -> Result<ExitCode, ExplainedError> {
    let command = Arguments::command();
    let Some(directory) = &arguments.out else {
        printer.verbatim(&page(command).map_err(CliError::Runtime)?);
        return Ok(ExitCode::Succeeded);
    };
    std::fs::create_dir_all(directory).map_err(|source| CliError::Write { path: directory.clone(), source })?;
    let written = write(command, "windlass", directory)?;
    printer.status(&Line::plain(format!("wrote {written} pages to `{}`", directory.display())));
    Ok(ExitCode::Succeeded)
}

/// Writes the page of a command and those of its own commands; how many.
fn write(command: clap::Command, name: &str, directory: &Path) -> Result<usize, CliError> {
    let mut written = 1;
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set()) {
        let name = format!("{name}-{}", inner.get_name());
        written += write(inner.clone(), &name, directory)?;
    }
    let path = directory.join(format!("{name}.1"));
    let text = page(command.name(name.to_owned())).map_err(CliError::Runtime)?;
    std::fs::write(&path, text).map_err(|source| CliError::Write { path, source })?;
    Ok(written)
}

/// A command's page in roff.
fn page(command: clap::Command) -> std::io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
