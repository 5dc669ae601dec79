//! `windlass resolve`: a person answers for a stuck deployment.

use windlass_foundation::explain::ExitCode;
use windlass_journal::{Mode, Resolution};
use windlass_report::Fault;
use windlass_report::facts::{DeploymentFact, Fact};

use super::arguments::ResolveArguments;
use super::present;
use super::session::Session;

/// Takes the person's word for it, or undoes once more.
pub(super) async fn run(arguments: &ResolveArguments, session: &Session) -> Result<ExitCode, Fault> {
    let name = session.name(&arguments.app)?;
    let agent = session.open(Mode::Write).await?;
    let stuck = agent.journal.stuck(Some(&name))?.into_iter().next();
    let stop = session.stop()?;
    let reason = arguments.reason.as_deref().unwrap_or("undo once more");
    let resolution = if arguments.retry { Resolution::RetryUndo } else { Resolution::Accept };
    let ending =
        windlass_deployment::resolve(&agent.engine, &name, &session.actor(), reason, resolution, &stop).await?;
    if let Some(ending) = ending {
        return Ok(session.ended(&agent, &ending).await);
    }
    session.teller.finish();
    if let Some(shown) = stuck.map(|stuck| agent.journal.show(&stuck.id)).transpose()?.flatten() {
        let mut fact = present::shown(&agent.journal, &shown)?;
        fact.next = next(&fact, shown.state.previous.as_deref());
        session.printer.answer(&Fact::Deployment(Box::new(fact.clone())), |_| {
            windlass_report::deployment::summary(&fact, session.printer.width())
        });
    }
    Ok(ExitCode::Succeeded)
}

/// What makes run what should: nothing was verified, and a person changed things by hand.
fn next(fact: &DeploymentFact, previous: Option<&str>) -> Vec<String> {
    let name = &fact.application;
    let mut next = vec![format!("`windlass status {name}` shows what runs, which was not verified")];
    if let (Some(previous), Some(release)) = (previous, &fact.previous) {
        let version = &release.version;
        next.push(format!("`windlass rollback {name} --to {previous}` makes {version} run again, as before"));
    }
    next.push(match &fact.release {
        Some(release) => format!("`windlass deploy {name} --retry` tries {} once more", release.version),
        None => format!("`windlass deploy {name}` is possible again"),
    });
    next
}
