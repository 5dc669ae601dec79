//! What holds deployments back: `freeze`, `pin` and `quarantine`, each said by a person with a reason, and lifted again.

use windlass_foundation::explain::ExitCode;
use windlass_journal::{Mode, Notice};
use windlass_report::facts::{Fact, HoldsFact};
use windlass_report::{Fault, status};
use windlass_service::agent::Agent;

use super::arguments::{
    FreezeArguments, PinArguments, QuarantineArguments, UnfreezeArguments, UnpinArguments, UnquarantineArguments,
};
use super::error::CliError;
use super::session::Session;
use super::{Target, present};

/// Freezes an application: its deployments are refused from now on.
pub(super) async fn freeze(arguments: &FreezeArguments, session: &Session) -> Result<ExitCode, Fault> {
    let reason = arguments.reason.clone();
    say(session, &arguments.app, |_, _, actor| Ok(Notice::Frozen { actor, reason })).await
}

/// Removes the freeze of an application.
pub(super) async fn unfreeze(arguments: &UnfreezeArguments, session: &Session) -> Result<ExitCode, Fault> {
    let reason = arguments.reason.clone();
    say(session, &arguments.app, |_, _, actor| Ok(Notice::Unfrozen { actor, reason })).await
}

/// Says which release is the only one.
pub(super) async fn pin(arguments: &PinArguments, session: &Session) -> Result<ExitCode, Fault> {
    let (to, reason) = (arguments.to.as_deref(), arguments.reason.clone());
    say(session, &arguments.app, |agent, name, actor| pinned(agent, name, to, actor, reason)).await
}

/// The notice that pins what runs, or a release that succeeded here.
pub(super) fn pinned(
    agent: &Agent,
    application: &str,
    to: Option<&str>,
    actor: String,
    reason: String,
) -> Result<Notice, Fault> {
    let (release, version) = if let Some(to) = to {
        let found = windlass_deployment::succeeded(&agent.engine, application, to)?;
        (found.release.unwrap_or_default(), found.version.unwrap_or_default())
    } else {
        let running = agent.journal.running(application)?;
        let running = running.ok_or_else(|| CliError::NotDeployed { wished: application.to_owned() })?;
        (running.release.id.clone(), running.release.version.clone())
    };
    Ok(Notice::Pinned { actor, reason, release, version })
}

/// Lets other releases be deployed again.
pub(super) async fn unpin(arguments: &UnpinArguments, session: &Session) -> Result<ExitCode, Fault> {
    let reason = arguments.reason.clone();
    say(session, &arguments.app, |_, _, actor| Ok(Notice::Unpinned { actor, reason })).await
}

/// Refuses a release from now on.
pub(super) async fn quarantine(arguments: &QuarantineArguments, session: &Session) -> Result<ExitCode, Fault> {
    let (wished, reason) = (&arguments.release, arguments.reason.clone());
    say(session, &arguments.app, |agent, name, actor| {
        let found = windlass_deployment::known(&agent.engine, name, wished)?;
        let (release, version) = (found.release.unwrap_or_default(), found.version.unwrap_or_default());
        Ok(Notice::Quarantined { actor, reason, release, version })
    })
    .await
}

/// Lets it be deployed again.
pub(super) async fn unquarantine(arguments: &UnquarantineArguments, session: &Session) -> Result<ExitCode, Fault> {
    let (wished, reason) = (&arguments.release, arguments.reason.clone());
    say(session, &arguments.app, |agent, name, actor| {
        let all = agent.journal.quarantine(name)?;
        let is_wished = |deployment: &String| deployment.starts_with(wished.as_str());
        let found =
            all.into_iter().find(|one| one.version == *wished || one.deployment.as_ref().is_some_and(is_wished));
        let found =
            found.ok_or_else(|| CliError::NotQuarantined { application: name.to_owned(), wished: wished.clone() })?;
        Ok(Notice::Unquarantined { actor, reason, release: found.release })
    })
    .await
}

/// Records a statement of a person, and shows what holds the application back now.
async fn say(
    session: &Session,
    app: &Target,
    notice: impl FnOnce(&Agent, &str, String) -> Result<Notice, Fault>,
) -> Result<ExitCode, Fault> {
    let agent = session.open(Mode::Write).await?;
    let name = session.known(app, &agent)?;
    let notice = notice(&agent, &name, session.actor())?;
    agent.journal.note(&name, &notice)?;
    let fact = fact(&agent, &name)?;
    session.teller.finish();
    session.printer.answer(&Fact::Holds(fact.clone()), |_| status::holds(&fact));
    Ok(ExitCode::Succeeded)
}

/// What holds an application back.
pub(super) fn fact(agent: &Agent, name: &str) -> Result<HoldsFact, Fault> {
    Ok(HoldsFact {
        application: name.to_owned(),
        frozen: agent.journal.freeze(name)?.as_ref().map(present::frozen),
        pinned: agent.journal.pin(name)?.as_ref().map(present::pinned),
        quarantined: agent.journal.quarantine(name)?.iter().map(present::quarantined).collect(),
    })
}
