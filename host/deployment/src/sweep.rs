//! Sweep: what the old version leaves behind is removed after success, and only then.
//!
//! Nothing that goes wrong here changes the outcome.

use std::time::Duration;

use tokio::time::timeout;
use windlass_documents::{Outcome, When};
use windlass_foundation::progress::{FlowPhase, Level};
use windlass_journal::Status;

use super::error::Error;
use super::steps;
use super::work::{Deployment, Halt};

/// How long removing images may take.
const PRUNING: Duration = Duration::from_mins(2);

/// Runs the plan's sweep steps, and removes images that no kept release needs any more.
pub(super) async fn sweep(deployment: &Deployment<'_>) -> Result<(), Error> {
    if deployment.status() != Status::Settled(Outcome::Succeeded) {
        return Ok(());
    }
    let _phase = deployment.phase(FlowPhase::Sweep);
    // What ended during the verification is left only where a process ended before it.
    for when in [When::DuringVerify, When::Sweep] {
        match steps::run(deployment, when).await {
            Ok(()) | Err(Halt::Unchanged) => {}
            Err(Halt::Leave(Error::Failed(failure)) | Halt::Refuse(failure) | Halt::Unwind(failure)) => {
                deployment.warn(format!("nothing was swept: {}", failure.message));
            }
            Err(Halt::Leave(error)) => return Err(error),
        }
    }
    make_room(deployment).await;
    Ok(())
}

/// Removes images and bundles of earlier releases that nothing pins. A version that failed keeps its images until the
/// next deployment makes room before its pulls, so that an operator can examine them until then.
pub(super) async fn make_room(deployment: &Deployment<'_>) {
    let application = deployment.with(|state| state.application.clone());
    let went = match timeout(PRUNING, deployment.engine.backend.prune(&application)).await {
        Ok(Ok(went)) => went,
        Ok(Err(failure)) => {
            return deployment.warn(format!("old images and bundles were not all removed: {}", failure.message));
        }
        Err(_) => {
            return deployment.warn(format!("old images and bundles were not removed within {} s", PRUNING.as_secs()));
        }
    };
    for thing in went {
        deployment.log(Level::Info, &format!("removed the {thing}, which no kept release needs"));
    }
}
