//! `windlass history`.

use windlass_foundation::explain::ExitCode;
use windlass_journal::Mode;
use windlass_report::facts::{Fact, HistoryFact};
use windlass_report::{Fault, history};

use super::arguments::HistoryArguments;
use super::present;
use super::session::Session;

/// Lists deployments, the newest first.
pub(super) async fn run(arguments: &HistoryArguments, session: &Session) -> Result<ExitCode, Fault> {
    let agent = session.open(Mode::Read).await?;
    let name = arguments.app.as_ref().map(|app| session.known(app, &agent)).transpose()?;
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let summaries = agent.journal.history(name.as_deref(), limit, None)?;
    let facts: Vec<HistoryFact> = summaries.iter().map(|summary| present::summary(&agent.journal, summary)).collect();
    session.printer.list(facts, Fact::History, |facts| history::page(facts, name.as_deref()));
    Ok(ExitCode::Succeeded)
}
