//! Apply: the steps, each announced in the journal before it is done.

use super::plan::refuse_when_full;
use super::steps;
use super::subject::within;
use super::sweep;
use super::work::{Deployment, Halt, failure};
use crate::journal::{Event, Status};
use crate::progress::FlowPhase;
use windlass_documents::Phase;

/// Makes all steps true, or says why the flow goes back.
pub(super) async fn apply(deployment: &Deployment<'_>) -> Result<(), Halt> {
    match deployment.status() {
        Status::Checking | Status::Applying => {}
        Status::Unwinding => {
            let cause = deployment.with(|account| account.cause.clone());
            return Err(Halt::Unwind(cause.unwrap_or_else(|| failure("internal", "the cause is not known"))));
        }
        _ => return Ok(()),
    }
    let _phase = deployment.phase(FlowPhase::Apply);
    if deployment.status() == Status::Checking {
        begin(deployment).await?;
    }
    steps::run(deployment, Phase::Apply).await?;
    deployment.write(&Event::Verifying)?;
    Ok(())
}

/// The last look before the first step: what runs must be what was planned from.
async fn begin(deployment: &Deployment<'_>) -> Result<(), Halt> {
    sweep::make_room(deployment).await;
    let subject = deployment.subject().await.map_err(Halt::Refuse)?;
    let plan = deployment.plan().map_err(Halt::Refuse)?;
    let context = subject.context("observe", 1, subject.orders.call_deadline);
    let observing = within(&context, "observe", deployment.engine.outside.observe(&context));
    let observation = observing.await.map_err(Halt::Refuse)?;
    if observation.fingerprint != plan.fingerprint {
        let mut stale = failure("stale", "what runs is not what the plan was made from");
        stale.details = Some(serde_json::json!({ "hint": "plan again; `windlass plan` shows what changed" }));
        return Err(Halt::Refuse(stale));
    }
    if let Some(stopped) = deployment.stopped()? {
        return Err(Halt::Refuse(stopped));
    }
    deployment.write(&Event::Applying).or_else(refuse_when_full)
}
