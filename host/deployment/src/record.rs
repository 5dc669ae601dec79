//! Delivery of a deployment's outcome to the recorders, at least once and in order.
//!
//! An event that a recorder does not take now is delivered later, by the next command that deploys or by
//! `windlass outbox flush`. An event that a recorder will never take is set aside for a person, and later events are
//! still delivered. Neither changes an outcome.

mod judge;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use windlass_domain::Outcome;
use windlass_foundation::blocking::blocking;
use windlass_foundation::call::{CallContext, CallPurpose};
use windlass_foundation::explain::Explain as _;
use windlass_foundation::names::Instance;
use windlass_foundation::progress::{DeploymentRef, FlowPhase, Level, Progress};
use windlass_journal::{Delivery, Refusal, outcome_word, summary_of};

use self::judge::{Redelivery, judge, refusal};
use super::backend::BackendError;
use super::engine::Engine;
use super::error::Error;
use super::retry;
use super::subject::{Subject, within};
use super::work::Deployment;

/// A recorder that fails is tried again after a day at the latest.
const LONGEST_DELAY: Duration = Duration::from_hours(24);

/// How many earlier answers of its own a recorder can see.
const EARLIER_ANSWERS: u32 = 20;

/// What the time of the next attempt means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It is waited for.
    Kept,
    /// A person is asking now.
    Ignored,
}

/// Delivers to the recorders of this application the events that they have not received yet.
pub(super) async fn record(deployment: &Deployment<'_>) -> Result<(), Error> {
    let instance = deployment.with(|state| state.instance.clone());
    if deployment.engine.journal.undelivered(&instance)?.iter().all(|delivery| delivery.aside.is_some()) {
        return Ok(());
    }
    let _phase = deployment.phase(FlowPhase::Record);
    // An earlier request to stop asked for the undo, and its outcome is delivered like any other.
    if deployment.stop.asked() {
        return drain(deployment.engine, &instance, deployment.of(), Due::Kept).await;
    }
    tokio::select! {
        told = drain(deployment.engine, &instance, deployment.of(), Due::Kept) => told,
        // Undelivered events stay in the outbox.
        () = deployment.stop.unwind().cancelled() => Ok(()),
    }
}

/// Delivers the events that wait to the recorders of an application, outside of a deployment.
pub(super) async fn waiting(engine: &Engine, instance: &Instance, due: Due) -> Result<(), Error> {
    drain(engine, instance, &DeploymentRef { application: instance.to_string(), deployment: None }, due).await
}

/// Delivers every recorder's due events: all recorders at once, each recorder in order. Progress is reported for the
/// deployment `of`, where there is one.
async fn drain(engine: &Engine, instance: &Instance, of: &DeploymentRef, due: Due) -> Result<(), Error> {
    let mut queues: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
    for delivery in engine.journal.undelivered(instance)? {
        if delivery.aside.is_none() {
            queues.entry(delivery.recorder.clone()).or_default().push(delivery);
        }
    }
    for told in join_all(queues.into_values().map(|queue| one_recorder(engine, of, queue, due))).await {
        told?;
    }
    Ok(())
}

/// Events of refused deployments that a recorder did not take, and that do not delay later events. Once a later one is
/// delivered, they can no longer be delivered in order and are set aside.
type Passed = Vec<(Delivery, Refusal)>;

async fn one_recorder(engine: &Engine, of: &DeploymentRef, queue: Vec<Delivery>, due: Due) -> Result<(), Error> {
    let mut passed = Passed::new();
    let mut first: Option<Waits> = None;
    for (number, delivery) in queue.iter().enumerate() {
        let now = engine.journal.now();
        // The first attempt is due at once; a later one has to wait its time.
        if due == Due::Kept && delivery.attempts > 0 && delivery.due > now {
            let waits = Waits { due: delivery.due, reason: delivery.failure.clone(), hint: None };
            first.get_or_insert(waits);
            wait(engine, of, queue.get(number..).unwrap_or_default(), &passed, first);
            return Ok(());
        }
        match tell(engine, of, delivery).await {
            Ok(facts) => {
                let refusals: Vec<_> = passed.iter().map(|(passed, refusal)| (passed.id, refusal.clone())).collect();
                blocking(|| engine.journal.delivered(delivery.id, facts.as_ref(), &refusals))?;
                for (passed, refusal) in passed.drain(..) {
                    aside(engine, of, &passed, &refusal);
                }
                first = None;
            }
            Err(failure) => match judge(&failure, delivery) {
                Redelivery::Never => {
                    let refusal = refusal(&failure);
                    blocking(|| engine.journal.set_aside(delivery.id, &refusal))?;
                    aside(engine, of, delivery, &refusal);
                }
                answer @ (Redelivery::Later | Redelivery::LaterOrNever) => {
                    let waits = later(engine, delivery, &failure, now)?;
                    first.get_or_insert(waits);
                    if answer == Redelivery::Later {
                        wait(engine, of, queue.get(number..).unwrap_or_default(), &passed, first);
                        return Ok(());
                    }
                    passed.push((delivery.clone(), refusal(&failure)));
                }
            },
        }
    }
    wait(engine, of, &[], &passed, first);
    Ok(())
}

/// What is known of the first event that waits.
struct Waits {
    due: Timestamp,
    reason: Option<String>,
    hint: Option<String>,
}

/// Delivers one event to its recorder, and reports the start and the end to the progress sink.
async fn tell(engine: &Engine, of: &DeploymentRef, delivery: &Delivery) -> Result<Option<Value>, BackendError> {
    let (recorder, deployment) = (delivery.recorder.clone(), delivery.deployment.clone());
    engine.notice(of, Progress::TellingStarted { recorder: recorder.clone(), deployment });
    let began = Instant::now();
    let answer = deliver(engine, delivery).await;
    let summary = answer.as_ref().ok().and_then(|facts| summary_of(facts.as_ref())).map(str::to_owned);
    let told = answer.is_ok();
    engine.notice(of, Progress::TellingFinished { recorder, told, summary, took: began.elapsed() });
    answer
}

/// Schedules the next attempt for an event that could not be delivered. The deployment's log has the reason.
fn later(engine: &Engine, delivery: &Delivery, failure: &BackendError, now: Timestamp) -> Result<Waits, Error> {
    let message =
        format!("delivery to the recorder `{}` failed and will be retried: {}", delivery.recorder, failure.message());
    blocking(|| engine.journal.log(&delivery.deployment, &delivery.recorder, Level::Warn, &message));
    let due = now.checked_add(delay(engine, delivery.attempts, failure)).unwrap_or(now);
    blocking(|| engine.journal.delivery_failed(delivery.id, due, &failure.message()))?;
    Ok(Waits { due, reason: Some(failure.message()), hint: failure.hint() })
}

/// Reports what waits, so that a user does not take silence for a successful record. Events are delivered in order, so
/// later events wait too.
fn wait(engine: &Engine, of: &DeploymentRef, rest: &[Delivery], passed: &Passed, first: Option<Waits>) {
    let waiting = || passed.iter().map(|(delivery, _)| delivery).chain(rest);
    let (Some(oldest), Some(Waits { due, reason, hint })) = (waiting().next(), first) else { return };
    let waits = Progress::RecordsWait {
        recorder: oldest.recorder.clone(),
        count: waiting().count(),
        since: oldest.event.as_ref().map(|event| event.finished.clone()).unwrap_or_default(),
        reason,
        hint,
        due,
    };
    engine.notice(of, waits);
}

/// Says loudly what was set aside.
fn aside(engine: &Engine, of: &DeploymentRef, delivery: &Delivery, refusal: &Refusal) {
    let Delivery { id: number, recorder, deployment, .. } = delivery.clone();
    let Refusal { reason, hint, .. } = refusal.clone();
    let message =
        format!("the recorder `{recorder}` rejected this for good, and it is set aside for a person: {reason}");
    blocking(|| engine.journal.log(&deployment, &recorder, Level::Error, &message));
    let version = delivery.event.as_ref().map(|event| event.release.version.clone()).unwrap_or_default();
    engine.notice(of, Progress::SetAside { number, recorder, deployment, version, reason, hint });
}

fn delay(engine: &Engine, attempts: u32, failure: &BackendError) -> SignedDuration {
    let pause = retry::pause(engine.retry_policy.delivery_delay, LONGEST_DELAY, attempts.saturating_add(1), failure);
    SignedDuration::try_from(pause.min(LONGEST_DELAY)).unwrap_or(SignedDuration::MAX)
}

async fn deliver(engine: &Engine, delivery: &Delivery) -> Result<Option<Value>, BackendError> {
    let Some(event) = &delivery.event else {
        return Err(BackendError::internal("the stored event cannot be read"));
    };
    let settings = engine.backend.settings(&event.release).await?;
    // What the journal cannot say now it can say later.
    let unread = |error: windlass_journal::Error| BackendError::internal(error.to_string()).retryable_if(true);
    let state = engine.journal.deployment_state(&delivery.deployment).map_err(unread)?;
    let earlier = engine.journal.answers(&state.instance, &delivery.recorder, EARLIER_ANSWERS).map_err(unread)?;
    let back = event.rollback || event.outcome == Outcome::RolledBack;
    let about = CallContext {
        deployment: delivery.deployment.clone(),
        application: state.instance.to_string(),
        environment: engine.environment.clone(),
        purpose: if back { CallPurpose::Rollback } else { CallPurpose::Deploy },
        release: Arc::new(event.release.clone()),
        running: event.running.clone().map(Arc::new),
        plan: None,
        unbound: state.asked.unbound,
    };
    let (about, settings) = (Arc::new(about), Arc::new(settings));
    let subject = Subject { engine, instance: state.instance, about, settings, cancelled: CancellationToken::new() };
    let mut context = subject.context(&delivery.recorder, delivery.attempts + 1, subject.settings.call_deadline);
    context.last_facts = Arc::new(earlier);
    let told = engine.backend.deliver(&context, &delivery.recorder, event);
    let facts = within(&context, &delivery.recorder, told).await?;
    let message = match summary_of(facts.as_ref()) {
        Some(summary) => summary.to_owned(),
        None => format!("told that deployment {} {}", delivery.deployment, outcome_word(event.outcome)),
    };
    engine.journal.log(&delivery.deployment, &delivery.recorder, Level::Info, &message);
    Ok(facts)
}
