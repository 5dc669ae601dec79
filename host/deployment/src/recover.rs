//! Finding what was left open. Going on is the ordinary flow.

use windlass_foundation::names::Instance;
use windlass_foundation::principal::Principal;
use windlass_journal::{Event, Resolution, Status};

use super::engine::Engine;
use super::error::Error;
use super::finish;
use super::record;
use super::stop::Stop;
use super::work::Deployment;

/// What becomes of a deployment that was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Onward {
    /// It is finished.
    Forward,
    /// What it touched is put back.
    Back,
}

/// Finishes what an earlier process left open, before a new deployment begins. A deployment that touched something is
/// finished; one that touched nothing is refused, because the new request replaces it. Then the events that wait are
/// delivered to the recorders.
pub(super) async fn earlier(engine: &Engine, instance: &Instance, by: &Principal, stop: &Stop) -> Result<(), Error> {
    for summary in engine.journal.open_deployments(Some(instance))? {
        let deployment = Deployment::take_over(engine, &summary.id, by, stop)?;
        if matches!(deployment.status(), Status::Resolving | Status::Planning | Status::Checking) {
            deployment
                .write(&Event::Cancelled { by: "the next deployment, before anything was touched".to_owned() })?;
        }
        finish(&deployment).await?;
    }
    if let Some(stuck) = engine.journal.stuck(Some(instance))?.into_iter().next() {
        return Err(Error::Blocked {
            application: instance.to_string(),
            deployment: stuck.id,
            reason: stuck.failure.unwrap_or_else(|| "undo failed".to_owned()),
        });
    }
    record::waiting(engine, instance, record::Due::Kept).await
}

/// Takes over the open deployment of an application.
pub(super) fn open<'a>(
    engine: &'a Engine,
    instance: &Instance,
    by: &Principal,
    onward: Onward,
    stop: &Stop,
) -> Result<Deployment<'a>, Error> {
    let open = engine.journal.open_deployments(Some(instance))?.into_iter().next();
    let Some(summary) = open else {
        return Err(Error::NothingOpen { application: instance.to_string() });
    };
    let deployment = Deployment::take_over(engine, &summary.id, by, stop)?;
    if onward == Onward::Back {
        deployment.write(&Event::Cancelled { by: by.name().to_owned() })?;
        deployment.halt().cancel();
    }
    Ok(deployment)
}

/// Writes a person's answer for the stuck deployment of an application.
pub(super) fn answer<'a>(
    engine: &'a Engine,
    instance: &Instance,
    by: &Principal,
    reason: &str,
    resolution: Resolution,
    stop: &Stop,
) -> Result<Deployment<'a>, Error> {
    let Some(stuck) = engine.journal.stuck(Some(instance))?.into_iter().next() else {
        return Err(Error::NothingStuck { application: instance.to_string() });
    };
    let deployment = Deployment::take_over(engine, &stuck.id, by, stop)?;
    deployment.write(&Event::Answered { actor: by.into(), reason: reason.to_owned(), resolution })?;
    Ok(deployment)
}
