//! `windlass rollback`: a deployment of a release that ran here before.

use windlass_deployment::Target;
use windlass_foundation::explain::ExitCode;
use windlass_journal::Mode;
use windlass_report::Fault;

use super::arguments::RollbackArguments;
use super::deploy::request;
use super::holds;
use super::session::Session;

/// Goes back. The files of the application are not needed: the release was kept.
pub(super) async fn run(arguments: &RollbackArguments, session: &Session) -> Result<ExitCode, Fault> {
    let name = session.name(&arguments.app)?;
    let agent = session.open(Mode::Write).await?;
    // The pin is set first, so that no other process deploys in between.
    if let (true, Some(reason)) = (arguments.pin, &arguments.manner.reason) {
        let to = windlass_deployment::earlier(&agent.engine, &name, arguments.to.as_deref())?.id;
        let pin = holds::pinned(&agent, &name, Some(&to), session.actor(), reason.clone())?;
        agent.journal.note(&name, &pin)?;
    }
    let stop = session.stop()?;
    let request = request(session, name, Target::Rollback { to: arguments.to.clone() }, &arguments.manner);
    let ending = windlass_deployment::run(&agent.engine, request, &stop).await?;
    Ok(session.ended(&agent, &ending).await)
}
