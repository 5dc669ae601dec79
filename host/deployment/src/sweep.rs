//! Sweep: what the old version leaves behind is removed after success, and only then.
//!
//! Nothing that goes wrong here changes the outcome.

use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use windlass_domain::{Outcome, When};
use windlass_foundation::names::Instance;
use windlass_foundation::principal::Principal;
use windlass_foundation::progress::{FlowPhase, Level};
use windlass_journal::Status;

use super::engine::Engine;
use super::error::Error;
use super::lock;
use super::steps;
use super::stop::Stop;
use super::subject::{Subject, within};
use super::work::{Deployment, Halt};

/// How long removing may take.
const PRUNING: Duration = Duration::from_mins(2);

/// Runs the plan's sweep steps, and removes what no kept release needs any more.
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
                deployment.warn(format!("nothing was swept: {}", failure.message()));
            }
            Err(Halt::Leave(error)) => return Err(error),
        }
    }
    make_room(deployment).await;
    Ok(())
}

/// Removes what no kept release needs any more, without a deployment. Returns what went. Nothing where nothing runs, or a
/// deployment is open: that one sweeps.
///
/// # Errors
/// When the application is held, or the journal or the strategy cannot be asked.
pub async fn only(engine: &Engine, instance: &Instance, by: &Principal, stop: &Stop) -> Result<Vec<String>, Error> {
    let _held = lock::hold(engine, instance, by, None, stop).await?;
    let Some(running) = engine.journal.running(instance)? else { return Ok(Vec::new()) };
    if !engine.journal.open_deployments(Some(instance))?.is_empty() {
        return Ok(Vec::new());
    }
    let subject = Subject::of_running(engine, instance, &running, CancellationToken::new()).await?;
    let context = subject.context("prune", 1, PRUNING);
    Ok(within(&context, "prune", engine.backend.prune(&context)).await?)
}

/// Removes images and bundles of earlier releases that nothing pins. A version that failed keeps its images until the
/// next deployment makes room before its pulls, so that an operator can examine them until then.
pub(super) async fn make_room(deployment: &Deployment<'_>) {
    let pruning = async {
        // Removing what is left over goes on to its end, whatever is decided meanwhile.
        let subject = Subject { cancelled: CancellationToken::new(), ..deployment.subject().await? };
        let context = subject.context("prune", 1, PRUNING);
        subject.engine.backend.prune(&context).await
    };
    let went = match timeout(PRUNING, pruning).await {
        Ok(Ok(went)) => went,
        Ok(Err(failure)) => {
            return deployment.warn(format!("old images and bundles were not all removed: {}", failure.message()));
        }
        Err(_) => {
            return deployment.warn(format!("old images and bundles were not removed within {} s", PRUNING.as_secs()));
        }
    };
    for thing in went {
        deployment.log(Level::Info, &format!("removed the {thing}, which no kept release needs"));
    }
}
