//! `windlass show` and `windlass logs`: one deployment.

use windlass_foundation::explain::ExitCode;
use windlass_journal::{Journal, Mode, Shown};
use windlass_report::facts::{Fact, LogFact};
use windlass_report::page::{Line, Page};
use windlass_report::{Fault, deployment, history};

use super::arguments::{LogsArguments, ShowArguments};
use super::error::CliError;
use super::present;
use super::session::Session;

/// Shows everything about a deployment.
pub(super) async fn run(arguments: &ShowArguments, session: &Session) -> Result<ExitCode, Fault> {
    let agent = session.open(Mode::Read).await?;
    let shown = find(&agent.journal, &arguments.deployment, session)?;
    let mut fact = present::shown(&agent.journal, &shown)?;
    present::look(&agent, &mut fact).await;
    let width = session.printer.width();
    session.printer.answer(&Fact::Deployment(Box::new(fact.clone())), |_| deployment::show(&fact, width));
    Ok(ExitCode::Succeeded)
}

/// Shows what plugins and steps of a deployment said.
pub(super) async fn logs(arguments: &LogsArguments, session: &Session) -> Result<ExitCode, Fault> {
    let agent = session.open(Mode::Read).await?;
    let shown = find(&agent.journal, &arguments.deployment, session)?;
    let lines = agent.journal.logs(&shown.summary.id)?;
    let facts: Vec<LogFact> = lines.iter().map(present::line).collect();
    session.printer.list(facts, Fact::Log, |facts| {
        let mut page = Page::new();
        for fact in facts {
            page.push(history::log(fact));
        }
        if facts.is_empty() {
            page.push(Line::plain(format!("deployment {} logged nothing", shown.summary.id)));
        }
        page
    });
    Ok(ExitCode::Succeeded)
}

/// The last deployment of an application, or the one with this id. An application's name goes first, because an
/// id that happens to begin like one can be given in full.
fn find(journal: &Journal, wished: &str, session: &Session) -> Result<Shown, Fault> {
    // A number is no application's name.
    let name = match wished.parse() {
        Ok(target) => session.name(&target)?,
        Err(_) => wished.to_owned(),
    };
    let last = journal.history(Some(&name), 1, None)?.into_iter().next();
    let wished = last.map_or(name, |last| last.id);
    journal.show(&wished)?.ok_or_else(|| CliError::NotDeployed { wished }.into())
}
