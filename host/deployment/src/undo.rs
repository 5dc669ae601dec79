//! Undo of every step that started, newest first, until everything is as it was before.
//!
//! A request to stop does not stop it; only a second one leaves everything as it is. A step that cannot be undone does
//! not keep the others from being undone, except those that it needed.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use windlass_domain::{Failure, Observation, Outcome, Release, Step, Verdict};
use windlass_foundation::call::{CallContext, CallPurpose};
use windlass_foundation::explain::FailureKind;
use windlass_foundation::progress::{FlowPhase, Level, Progress};
use windlass_journal::{Event, ProbeResult, Status};

use super::backend::BackendError;
use super::error::Error;
use super::look::{after_undo, is_same, is_well};
use super::migration;
use super::retry;
use super::steps::deadline;
use super::subject::{Subject, within};
use super::verify;
use super::work::Deployment;

/// Undoes what was touched and decides the outcome.
pub(super) async fn unwind(deployment: &Deployment<'_>, cause: BackendError) -> Result<(), Error> {
    let _phase = deployment.phase(FlowPhase::Undo);
    if deployment.status() != Status::Unwinding {
        deployment.write(&Event::Unwinding { cause: (&cause).into() })?;
    }
    deployment.notice(Progress::Unwinding { cause: cause.message() });
    let state = deployment.state();
    if let Some(why) = migration::freezes(&state, deployment.previous.as_deref())
        && !state.retry_undo
    {
        let frozen = cause.of_kind(FailureKind::Frozen);
        let frozen = frozen.reworded(|cause| format!("{cause}; nothing is undone, because {why}"));
        return deployment.settle(Outcome::Stuck, Some(frozen), None).await;
    }
    let forward = deployment.subject().await?;
    // The undo gets a new cancellation token. The token of the way forward may be cancelled already, and that request
    // to stop may be the reason for the undo.
    let back = forward.purpose(CallPurpose::Rollback);
    let subject = Subject { cancelled: CancellationToken::new(), ..back };
    let first = undo_all(deployment, &subject).await?;
    if let Some((title, undo_failure)) = first {
        return deployment.settle(Outcome::Stuck, Some(both(&cause, &title, &undo_failure)), None).await;
    }
    let (why, seen) = restored(deployment, &subject).await?;
    match why {
        Some(why) => {
            let cause = cause.reworded(|cause| format!("{cause}; everything is undone, yet {why}"));
            deployment.settle(Outcome::Stuck, Some(cause), seen).await
        }
        None => deployment.settle(Outcome::RolledBack, Some(cause), seen).await,
    }
}

/// The failure of a stuck deployment: why it went back, and why that failed.
fn both(cause: &BackendError, title: &str, undo: &BackendError) -> BackendError {
    let text = format!("{}; and undoing \"{title}\" failed: {}", cause.message(), undo.message());
    let facts = serde_json::json!({ "cause": Failure::from(cause), "undo": Failure::from(undo) });
    BackendError::new(cause.kind().clone(), text).with_facts(Some(facts))
}

/// Undoes one step after the other; the first that could not be, with its title.
async fn undo_all(deployment: &Deployment<'_>, subject: &Subject<'_>) -> Result<Option<(String, BackendError)>, Error> {
    let plan = deployment.plan()?;
    let needs: HashMap<&str, &[String]> =
        plan.steps.iter().map(|step| (step.id.as_str(), step.needs.as_slice())).collect();
    let steps: Vec<Step> = deployment.with(|state| state.to_undo().into_iter().cloned().collect());
    let mut needed = BTreeSet::new();
    let mut first = None;
    for step in &steps {
        if needed.contains(&step.id) {
            continue;
        }
        if let Err(failure) = undo(deployment, subject, step).await? {
            add_needs(&needs, &step.id, &mut needed);
            first.get_or_insert((step.title.clone(), failure));
        }
    }
    Ok(first)
}

/// All steps that a step needs, in the end.
fn add_needs<'p>(needs: &HashMap<&str, &'p [String]>, id: &'p str, needed: &mut BTreeSet<String>) {
    let mut todo = vec![id];
    while let Some(id) = todo.pop() {
        let more = needs.get(id).copied().unwrap_or_default().iter();
        todo.extend(more.filter(|need| needed.insert((*need).clone())).map(String::as_str));
    }
}

/// One step, tried again while its failures say that they may pass.
async fn undo(
    deployment: &Deployment<'_>,
    subject: &Subject<'_>,
    step: &Step,
) -> Result<Result<(), BackendError>, Error> {
    let engine = deployment.engine;
    let output = deployment.with(|state| state.steps.get(&step.id).and_then(|step| step.output.clone()));
    deployment.notice(Progress::UndoStarted { step: step.id.clone(), title: step.title.clone() });
    let mut attempt = 1;
    loop {
        let in_flight = deployment.stop.step().await;
        deployment.write(&Event::UndoStarted { step: step.id.clone(), attempt })?;
        let context = subject.context(&step.id, attempt, deadline(subject, step));
        let undone = within(&context, &step.title, engine.backend.undo(&context, step, output.as_ref())).await;
        match undone {
            Ok(()) => {
                deployment.write(&Event::UndoSucceeded { step: step.id.clone() })?;
                deployment.notice(Progress::UndoFinished { step: step.id.clone() });
                return Ok(Ok(()));
            }
            Err(failed) if failed.is_retryable() && attempt < engine.retry_policy.undo_attempts => {
                let message = format!("undoing \"{}\": {}; it is tried again", step.title, failed.message());
                deployment.log(Level::Warn, &message);
                drop(in_flight);
                tokio::time::sleep(retry::doubled(engine.retry_policy.retry_delay, attempt)).await;
                attempt += 1;
            }
            Err(failed) => {
                deployment.write(&Event::UndoFailed { step: step.id.clone(), failure: (&failed).into() })?;
                deployment.notice(Progress::UndoFailed { step: step.id.clone(), failure: (&failed).into() });
                return Ok(Err(failed));
            }
        }
    }
}

/// Verifies the earlier version like a deployment, and observes what runs. Returns a reason when the version ran well
/// before and does not now. A version that did not run well before is not expected to run well afterwards.
async fn restored(
    deployment: &Deployment<'_>,
    subject: &Subject<'_>,
) -> Result<(Option<String>, Option<Observation>), Error> {
    let Some(previous) = deployment.previous.clone() else {
        return Ok((None, after_undo(deployment, &subject.about.release).await));
    };
    let known = deployment.with(|state| state.restored.clone());
    let answer = if let Some(answer) = known {
        answer
    } else {
        let answer = match deployment.engine.backend.settings(&previous).await {
            Ok(settings) => {
                let about = (*subject.about).clone();
                let about = CallContext { release: previous.clone(), running: None, plan: None, ..about };
                let (about, settings) = (Arc::new(about), Arc::new(settings));
                let subject = Subject { about, settings, ..subject.clone() };
                verify::health(&subject).await
            }
            Err(error) => ProbeResult::Failure(error.into()),
        };
        deployment.write(&Event::Restored { answer: answer.clone() })?;
        answer
    };
    let before = deployment.with(|state| state.observation.clone());
    let seen = after_undo(deployment, &previous).await;
    // What differed from the release before is no fault of the way back, when it is all that differs now.
    let as_before = before.as_ref().zip(seen.as_ref()).is_some_and(|(before, seen)| is_same(before, seen));
    let was_well = before.is_some_and(|observation| is_well(&observation));
    let why = match answer {
        ProbeResult::Report(report) if matches!(report.verdict, Verdict::Pass | Verdict::Warn) => None,
        ProbeResult::Report(report) if was_well && !as_before && report.verdict == Verdict::Fail => {
            Some(format!("the earlier version does not run as before: {}", report.summary))
        }
        ProbeResult::Report(report) => {
            let Release { version, .. } = &*previous;
            deployment
                .warn(format!("{version} is as it was before the deployment, which is not well: {}", report.summary));
            None
        }
        ProbeResult::Failure(Failure { message, .. }) => {
            deployment.warn(format!("the earlier version could not be verified: {message}"));
            None
        }
    };
    Ok((why, seen))
}
