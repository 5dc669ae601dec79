//! `windlass resume`: what was interrupted is finished, or put back.

use windlass_deployment::Onward;
use windlass_foundation::explain::ExitCode;
use windlass_journal::Mode;
use windlass_report::Fault;
use windlass_report::page::{Line, Page};

use super::arguments::ResumeArguments;
use super::session::Session;

/// Resumes one application's open deployment, or all. Nothing open is nothing to do. The exit code is that of the
/// first that did not succeed.
pub(super) async fn run(arguments: &ResumeArguments, session: &Session) -> Result<ExitCode, Fault> {
    let agent = session.open(Mode::Write).await?;
    let wished = arguments.app.as_ref().map(|app| session.known(app, &agent)).transpose()?;
    let mut applications: Vec<String> = Vec::new();
    for open in agent.journal.open_deployments(wished.as_deref())? {
        if !applications.contains(&open.application) {
            applications.push(open.application);
        }
    }
    if applications.is_empty() {
        let whose = wished.map_or_else(|| "on this host".to_owned(), |name| format!("of `{name}`"));
        let mut page = Page::new();
        page.push(Line::plain(format!("no deployment {whose} is open; there is nothing to resume")));
        if !session.printer.json() {
            session.printer.page(&page);
        }
        return Ok(ExitCode::Succeeded);
    }
    let stop = session.stop()?;
    let onward = if arguments.unwind { Onward::Back } else { Onward::Forward };
    let mut exit = ExitCode::Succeeded;
    for application in applications {
        let ending = windlass_deployment::resume(&agent.engine, &application, &session.actor(), onward, &stop).await?;
        let ended = session.ended(&agent, &ending).await;
        if exit == ExitCode::Succeeded {
            exit = ended;
        }
    }
    Ok(exit)
}
