//! What holds deployments back: `freeze`, `pin` and `quarantine`, each said by a person with a reason, and lifted again.

use windlass_api::command::ApplicationRef;
use windlass_api::facts::HoldsFact;
use windlass_api::{Answer, Reply};
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::names::Instance;
use windlass_journal::{Actor, Mode, Notice};

use crate::agent::Agent;
use crate::error::CommandError;
use crate::facts;
use crate::run::Run;

/// Freezes an application: its deployments are refused from now on.
pub(super) async fn freeze(run: &Run, application: &ApplicationRef, reason: String) -> Result<Reply, ExplainedError> {
    record(run, application, |_, _, actor| Ok(Notice::Frozen { actor, reason })).await
}

/// Removes the freeze of an application.
pub(super) async fn unfreeze(
    run: &Run,
    application: &ApplicationRef,
    reason: Option<String>,
) -> Result<Reply, ExplainedError> {
    record(run, application, |_, _, actor| Ok(Notice::Unfrozen { actor, reason })).await
}

/// Says which release is the only one.
pub(super) async fn pin(
    run: &Run,
    application: &ApplicationRef,
    to: Option<&str>,
    reason: String,
) -> Result<Reply, ExplainedError> {
    record(run, application, |agent, name, actor| pinned(agent, name, to, actor, reason)).await
}

/// The notice that pins what runs, or a release that succeeded here.
pub(super) fn pinned(
    agent: &Agent,
    application: &Instance,
    to: Option<&str>,
    actor: Actor,
    reason: String,
) -> Result<Notice, ExplainedError> {
    let (release, version) = if let Some(to) = to {
        let found = windlass_deployment::succeeded(&agent.engine, application, to)?;
        (found.release.unwrap_or_default(), found.version.unwrap_or_default())
    } else {
        let running = agent.journal.running(application)?;
        let running = running.ok_or_else(|| CommandError::NotDeployed { wanted: application.to_string() })?;
        (running.release.id.clone(), running.release.version.clone())
    };
    Ok(Notice::Pinned { actor, reason, release, version })
}

/// Lets other releases be deployed again.
pub(super) async fn unpin(
    run: &Run,
    application: &ApplicationRef,
    reason: Option<String>,
) -> Result<Reply, ExplainedError> {
    record(run, application, |_, _, actor| Ok(Notice::Unpinned { actor, reason })).await
}

/// Refuses a release from now on.
pub(super) async fn quarantine(
    run: &Run,
    application: &ApplicationRef,
    wanted: &str,
    reason: String,
) -> Result<Reply, ExplainedError> {
    record(run, application, |agent, name, actor| {
        let found = windlass_deployment::known(&agent.engine, name, wanted)?;
        let (release, version) = (found.release.unwrap_or_default(), found.version.unwrap_or_default());
        Ok(Notice::Quarantined { actor, reason, release, version })
    })
    .await
}

/// Lets it be deployed again.
pub(super) async fn unquarantine(
    run: &Run,
    application: &ApplicationRef,
    wanted: &str,
    reason: Option<String>,
) -> Result<Reply, ExplainedError> {
    record(run, application, |agent, name, actor| {
        let all = agent.journal.quarantine(name)?;
        let is_wanted = |deployment: &String| deployment.starts_with(wanted);
        let found = all.into_iter().find(|one| one.version == wanted || one.deployment.as_ref().is_some_and(is_wanted));
        let found = found
            .ok_or_else(|| CommandError::NotQuarantined { application: name.to_string(), wanted: wanted.to_owned() })?;
        Ok(Notice::Unquarantined { actor, reason, release: found.release })
    })
    .await
}

/// Records a statement of a person, and answers what holds the application back now.
async fn record(
    run: &Run,
    application: &ApplicationRef,
    notice: impl FnOnce(&Agent, &Instance, Actor) -> Result<Notice, ExplainedError>,
) -> Result<Reply, ExplainedError> {
    let agent = run.open(Mode::Write).await?;
    let name = run.known(application, &agent)?;
    let notice = notice(&agent, &name, (&run.principal).into())?;
    agent.journal.note(&name, &notice)?;
    Ok(Reply::succeeded(Answer::Holds { holds: fact(&agent, &name)? }))
}

/// What holds an application back.
pub(super) fn fact(agent: &Agent, name: &Instance) -> Result<HoldsFact, ExplainedError> {
    Ok(HoldsFact {
        application: name.to_string(),
        frozen: agent.journal.freeze(name)?.as_ref().map(facts::frozen),
        pinned: agent.journal.pin(name)?.as_ref().map(facts::pinned),
        quarantined: agent.journal.quarantine(name)?.iter().map(facts::quarantined).collect(),
    })
}
