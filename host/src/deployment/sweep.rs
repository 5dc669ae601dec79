//! Sweep: what the old version leaves behind is removed after success, and only then.
//!
//! Nothing that goes wrong here changes the outcome.

use windlass_documents::{Outcome, Phase};

use super::error::Error;
use super::steps;
use super::work::{Deployment, Halt};
use crate::journal::Status;
use crate::progress::FlowPhase;

/// Runs the plan's sweep steps.
pub(super) async fn sweep(deployment: &Deployment<'_>) -> Result<(), Error> {
    if deployment.status() != Status::Settled(Outcome::Succeeded) || deployment.steps(Phase::Sweep).is_empty() {
        return Ok(());
    }
    let _phase = deployment.phase(FlowPhase::Sweep);
    match steps::run(deployment, Phase::Sweep).await {
        Ok(()) | Err(Halt::Unchanged) => Ok(()),
        Err(Halt::Leave(Error::Failed(failure)) | Halt::Refuse(failure) | Halt::Unwind(failure)) => {
            deployment.warn(format!("nothing was swept: {}", failure.message));
            Ok(())
        }
        Err(Halt::Leave(error)) => Err(error),
    }
}
