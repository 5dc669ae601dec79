//! `rollback`: a deployment of a release that ran here before.

use windlass_api::Reply;
use windlass_api::command::{ApplicationRef, Manner};
use windlass_deployment::Target;
use windlass_foundation::explain::ExplainedError;
use windlass_journal::Mode;

use super::deploy::request;
use super::holds;
use crate::error::CommandError;
use crate::run::Run;

/// Goes back. The files of the application are not needed: the release was kept.
pub(super) async fn run(
    run: &Run,
    application: &ApplicationRef,
    to: Option<String>,
    pin: bool,
    manner: Manner,
) -> Result<Reply, ExplainedError> {
    let name = run.name(application)?;
    let agent = run.open(Mode::Write).await?;
    // The pin is set first, so that no other process deploys in between.
    if pin {
        let reason = manner.reason.clone();
        let reason = reason.ok_or_else(|| CommandError::NotACommand("a pin needs a reason".to_owned()))?;
        let to = windlass_deployment::earlier(&agent.engine, &name, to.as_deref())?.id;
        let pin = holds::pinned(&agent, &name, Some(&to), (&run.principal).into(), reason)?;
        agent.journal.note(&name, &pin)?;
    }
    let stop = run.stop()?;
    let request = request(run, name, Target::Rollback { to }, manner);
    let ending = windlass_deployment::run(&agent.engine, request, &stop).await?;
    Ok(run.ended(&agent, &ending).await)
}
