//! `windlass plugin new | wit | build`: what a plugin's author asks for is made, and told.

use std::path::{Path, PathBuf};

use windlass_api::facts::{Fact, FileFact, PluginFact};
use windlass_authoring::{Built, File, Wanted, contract};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::private::with_users_mask;
use windlass_foundation::words;
use windlass_report::page::Line;
use windlass_report::{Printer, Verbosity, plugin};

use super::arguments::{Language, NewArguments, PluginBuildArguments, PluginCommand, WitArguments};
use super::error::CliError;

/// Runs the command, where it is one for authors.
pub(super) fn run(command: &PluginCommand, printer: Printer) -> Option<Result<ExitCode, ExplainedError>> {
    match command {
        PluginCommand::New(typed) => Some(with_users_mask(|| new(typed, printer))),
        PluginCommand::Wit(typed) => Some(with_users_mask(|| wit(typed, printer))),
        PluginCommand::Build(typed) => Some(build(typed, printer)),
        PluginCommand::List | PluginCommand::Inspect { .. } | PluginCommand::Grants { .. } => None,
    }
}

/// Writes a project.
fn new(typed: &NewArguments, printer: Printer) -> Result<ExitCode, ExplainedError> {
    let NewArguments { name, kind, language, directory, sdk } = typed;
    let directory = directory.clone().unwrap_or_else(|| PathBuf::from(name));
    let (language, first) = match language {
        Language::Rust => (windlass_authoring::Language::Rust, "`cargo test`"),
        Language::Python => (windlass_authoring::Language::Python, "install componentize-py"),
    };
    let wanted = Wanted { name: name.clone(), kind: *kind, language, sdk: sdk.clone() };
    let files = windlass_authoring::create(&directory, &wanted)?;
    tell(&directory, &files, None, printer);
    for file in &files {
        // The contract is one line.
        if !file.path.starts_with("wit/") || file.path == "wit/guest.wit" {
            printer.status(&Line::plain(format!("wrote {}", directory.join(&file.path).display())));
        }
    }
    printer.status(&Line::plain(format!(
        "next: `cd {}`, {first}, `windlass plugin build`; README.md says the rest",
        directory.display()
    )));
    Ok(ExitCode::Succeeded)
}

/// Builds a project.
fn build(typed: &PluginBuildArguments, printer: Printer) -> Result<ExitCode, ExplainedError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(CliError::Runtime)?;
    let is_quiet = printer.verbosity() == Verbosity::Quiet;
    let built = runtime.block_on(windlass_authoring::build(&typed.directory, is_quiet))?;
    let fact = fact(&built);
    if printer.json() {
        printer.fact(&Fact::Plugin(Box::new(fact)));
    } else {
        printer.page(&plugin::inspect(&fact, printer.width()));
    }
    for remark in &built.remarks {
        printer.warn(remark);
    }
    Ok(ExitCode::Succeeded)
}

/// What was built, as `plugin inspect` tells of a plugin. What a host grants of it is said where it is used.
fn fact(built: &Built) -> PluginFact {
    let source = built.path.display().to_string();
    let fact = PluginFact::of(&built.identity, built.kind, &built.contract, &built.asks, &source);
    PluginFact { size: Some(built.size), ..fact }
}

/// Writes the contract.
fn wit(typed: &WitArguments, printer: Printer) -> Result<ExitCode, ExplainedError> {
    let WitArguments { directory } = typed;
    let contract = contract()?;
    let written = windlass_authoring::write(directory, &contract.files)?;
    tell(directory, &contract.files, Some(&written), printer);
    let (version, place) = (&contract.version, directory.display());
    printer.status(&Line::plain(match written.len() {
        0 => format!("`{place}` has contract {version} already"),
        count => format!("wrote contract {version} to `{place}`: {}", words::count(count, "file")),
    }));
    Ok(ExitCode::Succeeded)
}

/// For machines, each file with its text. All were written, or these.
fn tell(directory: &Path, files: &[File], written: Option<&[PathBuf]>, printer: Printer) {
    if !printer.json() {
        return;
    }
    for file in files {
        let path = directory.join(&file.path);
        let written = written.is_none_or(|written| written.contains(&path));
        printer.fact(&Fact::File(FileFact { path: path.display().to_string(), text: file.text.clone(), written }));
    }
}
