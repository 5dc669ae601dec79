//! `windlass self-update`: what was typed goes to the exchange of versions, and how it ended is shown.

use std::path::PathBuf;

use windlass_api::facts::{Fact, UpdateFact};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_report::Printer;
use windlass_report::page::{Line, Page};
use windlass_update::{Host, Outcome, Request, go_back, update};

use super::arguments::UpdateArguments;
use super::error::CliError;
use super::request;

/// Exchanges Windlass, or puts the version from before in place again.
pub(super) fn run(
    typed: &UpdateArguments,
    config: Option<PathBuf>,
    printer: Printer,
) -> Result<ExitCode, ExplainedError> {
    let host = Host::read(config, request::grammar)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(CliError::Runtime)?;
    let tell = |text: String| printer.status(&Line::plain(text));
    let outcome = match &typed.file {
        Some(file) => {
            let request = Request {
                file: file.clone(),
                signature: typed.signature.clone(),
                downgrade: typed.downgrade,
                wait: typed.wait,
                without_way_back: typed.without_way_back,
            };
            runtime.block_on(update(&request, &host, &tell))?
        }
        None => runtime.block_on(go_back(&host, &tell))?,
    };
    let (text, fact) = shown(outcome);
    if printer.json() {
        printer.fact(&Fact::Update(fact));
    } else {
        let mut page = Page::new();
        page.push(Line::plain(text));
        printer.page(&page);
    }
    Ok(ExitCode::Succeeded)
}

/// How it ended, for people and for machines.
fn shown(outcome: Outcome) -> (String, UpdateFact) {
    let fact =
        |state: &str, version: String, from: Option<String>, program: PathBuf, kept: Option<PathBuf>| UpdateFact {
            state: state.to_owned(),
            version,
            from,
            program: program.display().to_string(),
            kept: kept.map(|kept| kept.display().to_string()),
        };
    match outcome {
        Outcome::Updated { from, to, path, kept } => {
            let before = from.clone().unwrap_or_else(|| "the program from before".to_owned());
            let text =
                format!("{} is {to} now; {before} is kept: `windlass self-update --back` puts it back", path.display());
            (text, fact("updated", to, from, path, Some(kept)))
        }
        Outcome::Unchanged { version, path } => (
            format!("{} is {version} already; nothing was done", path.display()),
            fact("unchanged", version, None, path, None),
        ),
        Outcome::Kept { version, kept, path } => {
            let text = format!(
                "{} is {version} already; its package is kept, so that an update can go back to it",
                path.display()
            );
            (text, fact("kept", version, None, path, Some(kept)))
        }
        Outcome::Back { from, to, path } => {
            (format!("{} is {to} again", path.display()), fact("back", to, from, path, None))
        }
    }
}
