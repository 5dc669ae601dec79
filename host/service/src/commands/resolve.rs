//! `resolve`: a person answers for a stuck deployment.

use windlass_api::command::ApplicationRef;
use windlass_api::facts::DeploymentFact;
use windlass_api::{Answer, Reply};
use windlass_foundation::explain::ExplainedError;
use windlass_journal::{Mode, Resolution};

use crate::error::CommandError;
use crate::facts;
use crate::run::Run;

/// Takes the person's word for it, or undoes once more.
pub(super) async fn run(
    run: &Run,
    application: &ApplicationRef,
    retry: bool,
    reason: Option<&str>,
) -> Result<Reply, ExplainedError> {
    let reason = match (retry, reason) {
        (_, Some(reason)) => reason,
        (true, None) => "undo once more",
        (false, None) => return Err(CommandError::NotACommand("a resolution needs a reason".to_owned()).into()),
    };
    let name = run.name(application)?;
    let agent = run.open(Mode::Write).await?;
    let stuck = agent.journal.stuck(Some(&name))?.into_iter().next();
    let stop = run.stop()?;
    let resolution = if retry { Resolution::RetryUndo } else { Resolution::Accept };
    let ending = windlass_deployment::resolve(&agent.engine, &name, &run.principal, reason, resolution, &stop).await?;
    if let Some(ending) = ending {
        return Ok(run.ended(&agent, &ending).await);
    }
    let shown = stuck.map(|stuck| agent.journal.show(&stuck.id)).transpose()?.flatten();
    let deployment = match shown {
        Some(shown) => {
            let mut fact = facts::shown(&agent.journal, &shown)?;
            fact.next = next(&fact, shown.state.previous.as_deref());
            Some(Box::new(fact))
        }
        None => None,
    };
    Ok(Reply::succeeded(Answer::Resolved { deployment }))
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
