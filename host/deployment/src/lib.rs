//! A deployment: resolve, plan, check, apply, verify, sweep, record; and back again when anything fails.
//!
//! This file is the flow. Recovery has no code of its own: each function skips what the journal says is done, so an
//! interrupted one goes through the same lines again. A team's files, plugins and the engine come through [`DeploymentBackend`].

mod apply;
mod backend;
mod engine;
mod error;
mod found;
mod gate;
mod hooks;
mod lock;
mod look;
mod migration;
mod moved;
mod owner;
mod plan;
mod probe;
mod record;
mod recover;
mod request;
mod resolve;
mod retry;
pub mod seal;
mod steps;
mod stop;
mod subject;
mod sweep;
mod target;
#[cfg(test)]
mod tests;
mod undo;
mod verify;
mod work;

use windlass_domain::Outcome;
use windlass_foundation::{names::Instance, principal::Principal};
use windlass_journal::Resolution;

use self::work::{Deployment, Halt};

pub use self::backend::{BackendError, BackendFuture, Context, DeploymentBackend, DeploymentSettings};
pub use self::backend::{OnDoubt, ProbePolicy, Resolved};
pub use self::request::{DeploymentRequest, Ending, FromDocument, Gated, PlanFile, Planned, Source, Target};
pub use self::request::{PLAN_FILE_FORMAT, PLAN_FILE_LIMIT, exit, to_resolve};
pub use self::target::{earlier, known, succeeded, touched_after};
pub use self::{engine::Engine, engine::RetryPolicy, error::Error, hooks::Hooked, lock::is_held, record::Due};
pub use self::{found::say, sweep::only as sweep_only, verify::Verified, verify::only as verify_only};
pub use self::{owner::Owner, owner::owner_of, recover::Onward, stop::Stop, stop::StopRequest, subject::about_running};

/// Deploys a request, from its resolution to the end. An interrupted deployment of the application is finished first.
pub async fn run(engine: &Engine, request: DeploymentRequest, stop: &Stop) -> Result<Ending, Error> {
    if let Target::Planned(file) = &request.target {
        target::vouch(engine, file, &request.instance).await?;
    }
    let _held = lock::hold(engine, &request.instance, &request.principal, request.wait, stop).await?;
    recover::earlier(engine, &request.instance, &request.principal, stop).await?;
    let deployment = Deployment::open(engine, request, stop)?;
    finish(&deployment).await
}

/// Continues the open deployment of an application.
pub async fn resume(
    engine: &Engine,
    instance: &Instance,
    by: &Principal,
    onward: Onward,
    stop: &Stop,
) -> Result<Ending, Error> {
    let _held = lock::hold(engine, instance, by, None, stop).await?;
    let deployment = recover::open(engine, instance, by, onward, stop)?;
    finish(&deployment).await
}

/// A person answers for a stuck deployment. With `Resolution::RetryUndo` it is unwound once more, and ends again.
pub async fn resolve(
    engine: &Engine,
    instance: &Instance,
    by: &Principal,
    reason: &str,
    resolution: Resolution,
    stop: &Stop,
) -> Result<Option<Ending>, Error> {
    let _held = lock::hold(engine, instance, by, None, stop).await?;
    let deployment = recover::answer(engine, instance, by, reason, resolution, stop)?;
    match resolution {
        Resolution::Accept => Ok(None),
        Resolution::RetryUndo => finish(&deployment).await.map(Some),
    }
}

/// What a deployment would do. Changes nothing and needs no lock.
pub async fn plan_only(engine: &Engine, instance: &Instance, target: &Target, stop: &Stop) -> Result<Planned, Error> {
    plan::only(engine, instance, target, stop).await.map(|(_, planned)| planned)
}

/// What a deployment would do and what the gates say about it now. Changes nothing and needs no lock.
pub async fn check_only(engine: &Engine, request: &DeploymentRequest, stop: &Stop) -> Result<Gated, Error> {
    gate::only(engine, request, stop).await
}

/// Delivers the events that wait to the recorders of an application: those whose time has come, or all.
pub async fn flush(engine: &Engine, instance: &Instance, by: &Principal, due: Due, stop: &Stop) -> Result<(), Error> {
    let _held = lock::hold(engine, instance, by, None, stop).await?;
    tokio::select! {
        told = record::waiting(engine, instance, due) => told,
        () = stop.unwind().cancelled() => Ok(()),
    }
}

/// Runs the flow to its end. A second request to stop leaves everything as it is.
async fn finish(deployment: &Deployment<'_>) -> Result<Ending, Error> {
    tokio::select! {
        biased;
        () = deployment.stop.leave().cancelled() => Err(deployment.interrupted()),
        () = deployment.keep_time() => Err(deployment.interrupted()),
        ended = flow(deployment) => {
            ended?;
            Ok(deployment.ending())
        }
    }
}

/// Runs the whole flow of a deployment: forward to the release, or back where that fails, and then what follows the
/// outcome.
async fn flow(deployment: &Deployment<'_>) -> Result<(), Error> {
    match forward(deployment).await {
        Ok(()) => {}
        Err(Halt::Unchanged) => deployment.settle(Outcome::Unchanged, None, None).await?,
        Err(Halt::Refuse(failure)) => {
            let seen = look::before_refusal(deployment).await;
            deployment.settle(Outcome::Refused, Some(failure), seen).await?;
        }
        Err(Halt::Unwind(cause)) => undo::unwind(deployment, cause).await?,
        Err(Halt::Leave(error)) => return Err(error),
    }
    sweep::sweep(deployment).await?;
    record::record(deployment).await?;
    deployment.close()
}

/// The way forward: from the request to a release that runs and is verified.
async fn forward(deployment: &Deployment<'_>) -> Result<(), Halt> {
    resolve::resolve(deployment).await?;
    plan::plan(deployment).await?;
    gate::pass(deployment).await?;
    apply::apply(deployment).await?;
    verify::verify(deployment).await
}
