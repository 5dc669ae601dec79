//! `windlass init`: shows the proposed files, asks, and writes them.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;

use windlass_api::facts::{Fact, FileFact};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_report::page::Line;
use windlass_report::{Printer, host};
use windlass_service::init::{Wanted, prepare, write};

use super::arguments::InitArguments;
use super::error::CliError;

/// Shows, asks, writes.
pub(super) fn run(arguments: &InitArguments, printer: Printer) -> Result<ExitCode, ExplainedError> {
    let prepared = prepare(&Wanted {
        compose: arguments.compose.iter().chain(&arguments.file).cloned().collect(),
        application: arguments.application.clone(),
        output: arguments.output.clone(),
        variables: environment(),
    })?;
    if !printer.json() {
        for (path, text) in &prepared.files {
            printer.page(&host::file(&fact(path, text, false)));
        }
    }
    for remark in &prepared.remarks {
        printer.warn(remark);
    }
    if !arguments.yes {
        ask(printer, "Write these files?")?;
    }
    for (path, text) in &prepared.files {
        write(path, text)?;
        if printer.json() {
            printer.fact(&Fact::File(fact(path, text, true)));
        } else {
            printer.status(&Line::plain(format!("wrote {}", path.display())));
        }
    }
    if !printer.json() {
        let next = &prepared.next;
        printer.status(&Line::plain(format!(
            "next: look at both; give agent.toml to the operator as /etc/windlass/agent.toml; then {next}"
        )));
    }
    Ok(ExitCode::Succeeded)
}

/// The environment variables that describe the project. Other variables of the calling process are no part of a
/// release.
fn environment() -> BTreeMap<String, String> {
    ["COMPOSE_FILE", "COMPOSE_PATH_SEPARATOR", "COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok().filter(|value| !value.is_empty())?)))
        .collect()
}

fn fact(path: &Path, text: &str, written: bool) -> FileFact {
    FileFact { path: path.display().to_string(), text: text.to_owned(), written }
}

/// Asks whether to write; only a terminal can answer.
pub(super) fn ask(printer: Printer, question: &str) -> Result<(), CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::NotAsked);
    }
    printer.always(&Line::plain(format!("{question} [y/N]")));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|_| CliError::NotAsked)?;
    if matches!(answer.trim(), "y" | "Y" | "yes" | "Yes") { Ok(()) } else { Err(CliError::Declined) }
}
