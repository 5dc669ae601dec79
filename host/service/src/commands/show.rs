//! `show`, `report` and `logs`: one deployment.

use windlass_api::command::ApplicationRef;
use windlass_api::{Answer, Reply};
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::names::Instance;
use windlass_journal::{Journal, Mode, Shown};

use crate::access::On;
use crate::error::CommandError;
use crate::facts;
use crate::run::Run;

/// Shows everything about a deployment.
pub(super) async fn run(run: &Run, deployment: &str) -> Result<Reply, ExplainedError> {
    let agent = run.open(Mode::Read).await?;
    let shown = find(run, &agent.journal, deployment)?;
    let mut fact = facts::shown(&agent.journal, &shown)?;
    facts::look(&agent, &mut fact).await;
    Ok(Reply::succeeded(Answer::Shown { deployment: Box::new(fact) }))
}

/// Shows everything about a deployment, with its course and its log.
pub(super) async fn report(run: &Run, deployment: &str) -> Result<Reply, ExplainedError> {
    let agent = run.open(Mode::Read).await?;
    let shown = find(run, &agent.journal, deployment)?;
    let mut fact = facts::shown(&agent.journal, &shown)?;
    facts::look(&agent, &mut fact).await;
    let works = shown.summary.open && windlass_deployment::is_held(&agent.engine, &shown.summary.instance);
    let mut course = facts::course::of(&shown, works);
    let lines = agent.journal.logs(&shown.summary.id)?.iter().map(facts::line).collect();
    (course.log, course.log_left_out) = facts::course::tail(lines);
    Ok(Reply::succeeded(Answer::Reported { deployment: Box::new(fact), course: Box::new(course) }))
}

/// The reply about a deployment that has ended, for a caller who did not hear it; none where there is no such deployment, or
/// it is open.
pub(crate) async fn ended(run: &Run, id: &str) -> Result<Option<Reply>, ExplainedError> {
    let agent = run.open(Mode::Read).await?;
    let Some(shown) = agent.journal.show(id)?.filter(|shown| shown.summary.id == id && !shown.summary.open) else {
        return Ok(None);
    };
    let Some(outcome) = shown.state.outcome() else { return Ok(None) };
    let mut fact = facts::shown(&agent.journal, &shown)?;
    facts::look(&agent, &mut fact).await;
    let exit = windlass_deployment::exit(outcome, shown.state.failure.as_ref());
    Ok(Some(Reply { answer: Answer::Ended { deployment: Box::new(fact) }, exit }))
}

/// Shows what plugins and steps of a deployment said.
pub(super) async fn logs(run: &Run, deployment: &str) -> Result<Reply, ExplainedError> {
    let agent = run.open(Mode::Read).await?;
    let shown = find(run, &agent.journal, deployment)?;
    let lines = agent.journal.logs(&shown.summary.id)?.iter().map(facts::line).collect();
    Ok(Reply::succeeded(Answer::Log { deployment: shown.summary.id, lines }))
}

/// The last deployment of an application, or the one with this id. An application's name goes first, because an
/// id that happens to begin like one can be given in full.
fn find(run: &Run, journal: &Journal, wanted: &str) -> Result<Shown, ExplainedError> {
    run.allow(On::Any)?;
    // A number is no application's name, and what looks like a name may be the beginning of an id.
    let name = match wanted.parse::<ApplicationRef>() {
        Ok(path @ ApplicationRef::Path(_)) => run.name(&path)?.to_string(),
        Ok(ApplicationRef::Name(name)) => name,
        Err(_) => wanted.to_owned(),
    };
    let last = match Instance::parse(&name) {
        Ok(instance) => journal.history(Some(&instance), 1, None)?.into_iter().next(),
        Err(_) => None,
    };
    let wanted = last.map_or(name, |last| last.id);
    let shown = journal.show(&wanted)?.ok_or(CommandError::NotDeployed { wanted })?;
    run.allow(On::Application(shown.summary.instance.application()))?;
    Ok(shown)
}
