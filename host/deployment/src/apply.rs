//! Apply: the steps, each announced in the journal before it is done.

use windlass_domain::When;
use windlass_foundation::explain::FailureKind;
use windlass_foundation::progress::{FlowPhase, Level};
use windlass_journal::{Event, Status};

use super::backend::BackendError;
use super::moved;
use super::plan::{self, refuse_when_full};
use super::steps;
use super::subject::within;
use super::sweep;
use super::work::{Deployment, Halt};

/// Applies all steps. Fails with the reason why the deployment is undone.
pub(super) async fn apply(deployment: &Deployment<'_>) -> Result<(), Halt> {
    match deployment.status() {
        Status::Applying => {}
        Status::Unwinding => {
            let cause = deployment.with(|state| state.cause.clone());
            let unknown = || BackendError::internal("the cause is not known");
            return Err(Halt::Unwind(cause.map_or_else(unknown, BackendError::from)));
        }
        _ => return Ok(()),
    }
    let _phase = deployment.phase(FlowPhase::Apply);
    steps::run(deployment, When::Apply).await?;
    deployment.write(&Event::Verifying)?;
    Ok(())
}

/// The last look before the first step: what runs must be what was planned from. False when it is not and it was planned
/// again; a plan that was given is never made again.
pub(super) async fn begin(deployment: &Deployment<'_>) -> Result<bool, Halt> {
    if deployment.status() != Status::Checking {
        return Ok(true);
    }
    sweep::make_room(deployment).await;
    let subject = deployment.subject().await.map_err(Halt::Refuse)?;
    let plan = deployment.plan().map_err(Halt::Refuse)?;
    let context = subject.context("observe", 1, subject.settings.call_deadline);
    let observing = within(&context, "observe", deployment.engine.backend.observe(&context));
    let observation = observing.await.map_err(Halt::Refuse)?;
    if let Some(stopped) = deployment.stopped()? {
        return Err(Halt::Refuse(stopped));
    }
    if observation.fingerprint == plan.fingerprint {
        deployment.write(&Event::Applying).or_else(refuse_when_full)?;
        return Ok(true);
    }
    let (seen, planned) = deployment.with(|state| (state.observation.clone(), state.planned_times));
    let what = moved::told(seen.as_deref(), &observation);
    if deployment.with(|state| state.asked.is_given_plan()) {
        let text = format!("the plan is out of date, because what runs has changed: {what}");
        let stale = BackendError::new(FailureKind::Stale, text);
        return Err(Halt::Refuse(stale.with_hint("plan again; `windlass plan` shows what is to be done now")));
    }
    if planned >= plan::MOST_PLANS {
        return Err(Halt::Refuse(moved::each_time(planned, &what, "deploy again")));
    }
    deployment.log(Level::Warn, &format!("what runs changed since it was planned, so it is planned again: {what}"));
    plan::again(deployment).await?;
    Ok(false)
}
