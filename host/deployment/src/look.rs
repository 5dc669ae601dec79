//! Observations of what runs, made anew instead of taken from memory: after everything was undone, and before a refusal
//! is reported.
//!
//! The strategy makes the observation, and this module judges it. It decides no outcome.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use windlass_domain::{Observation, Part, Release};
use windlass_foundation::call::{CallContext, CallPurpose};

use super::subject::{Subject, within};
use super::work::Deployment;

/// A look is worth this long at most; what is not seen by then is not known.
const PATIENCE: Duration = Duration::from_secs(30);

/// What runs now that everything was undone, as the strategy of `release` sees it. None where it cannot say, which is kept
/// in the log.
pub(super) async fn after_undo(deployment: &Deployment<'_>, release: &Arc<Release>) -> Option<Observation> {
    look(deployment, release, CallPurpose::Rollback).await
}

async fn look(deployment: &Deployment<'_>, release: &Arc<Release>, purpose: CallPurpose) -> Option<Observation> {
    let engine = deployment.engine;
    let seen = async {
        let settings = engine.backend.settings(release).await?;
        let state = deployment.state();
        let about = CallContext {
            deployment: state.id,
            application: state.instance.to_string(),
            environment: engine.environment.clone(),
            purpose,
            release: release.clone(),
            running: deployment.previous.clone(),
            plan: None,
            unbound: state.asked.unbound,
        };
        let (about, settings) = (Arc::new(about), Arc::new(settings));
        let subject =
            Subject { engine, instance: state.instance, about, settings, cancelled: CancellationToken::new() };
        let context = subject.context("observe", 1, subject.settings.call_deadline.min(PATIENCE));
        within(&context, "observe", engine.backend.observe(&context)).await
    };
    match seen.await {
        Ok(observation) => Some(observation),
        Err(failure) => {
            deployment.warn(format!("what runs now could not be looked at: {}", failure.message()));
            None
        }
    }
}

/// The observation for the report of a refusal, made now. None where the planning made one already, which the state
/// has, and where no release ran before.
pub(super) async fn before_refusal(deployment: &Deployment<'_>) -> Option<Observation> {
    let previous = deployment.previous.clone()?;
    if deployment.with(|state| state.observation.is_some()) {
        return None;
    }
    // A refusal touched nothing, so nothing is put back, whatever was asked for.
    look(deployment, &previous, CallPurpose::DeploymentStatus).await
}

/// Whether everything that was seen is well, and something was.
pub(super) fn is_well(observation: &Observation) -> bool {
    let well = |part: &Part| {
        part.finished
            || (part.state == "running"
                && part.ill().is_none()
                && part.health.as_deref().is_none_or(|health| health == "healthy"))
    };
    !observation.parts.is_empty() && observation.parts.iter().all(well)
}

/// Whether what is seen now is what was seen before, as far as it was observed: the same instances with the same
/// versions, in the same state.
pub(super) fn is_same(before: &Observation, now: &Observation) -> bool {
    let facts = |observation: &Observation| {
        let mut all: Vec<_> = observation
            .parts
            .iter()
            .map(|part| {
                let Part { service, instance, release, version, reference, state, health, trouble, .. } = part.clone();
                (service, instance, release, version, reference, state, health, trouble)
            })
            .collect();
        all.sort();
        all
    };
    facts(before) == facts(now)
}
