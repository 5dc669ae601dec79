//! Record: recorders are told how it ended, at least once and in order.
//!
//! A recorder that cannot be reached is told later, by the next command that deploys or by `windlass outbox flush`; it
//! never changes an outcome.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use futures::future::join_all;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;
use windlass_documents::{Failure, Outcome};

use super::engine::Engine;
use super::error::Error;
use super::subject::{Subject, within};
use super::work::{Deployment, failure};
use crate::journal::{Delivery, outcome_word};
use crate::progress::{FlowPhase, Level, Progress};

/// A recorder that fails is tried again after a day at the latest.
const LONGEST_DELAY: SignedDuration = SignedDuration::from_hours(24);

/// What the time of the next attempt means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// It is waited for.
    Kept,
    /// A person is asking now.
    Ignored,
}

/// Tells the recorders of this application what they don't know yet.
pub(super) async fn record(deployment: &Deployment<'_>) -> Result<(), Error> {
    let application = deployment.with(|account| account.application.clone());
    if deployment.engine.journal.undelivered(&application)?.is_empty() {
        return Ok(());
    }
    let _phase = deployment.phase(FlowPhase::Record);
    // Who asked to stop before this wanted it put back, and that is told like any other end.
    if deployment.stop.asked() {
        return drain(deployment.engine, &application, Due::Kept).await;
    }
    tokio::select! {
        told = drain(deployment.engine, &application, Due::Kept) => told,
        // What was not told yet stays in the outbox.
        () = deployment.stop.unwind().cancelled() => Ok(()),
    }
}

/// Tells every recorder what is due, all recorders at once, each in order.
pub(super) async fn drain(engine: &Engine, application: &str, due: Due) -> Result<(), Error> {
    let mut queues: BTreeMap<String, Vec<Delivery>> = BTreeMap::new();
    for delivery in engine.journal.undelivered(application)? {
        queues.entry(delivery.recorder.clone()).or_default().push(delivery);
    }
    for told in join_all(queues.into_values().map(|queue| one_recorder(engine, application, queue, due))).await {
        told?;
    }
    Ok(())
}

async fn one_recorder(engine: &Engine, application: &str, queue: Vec<Delivery>, due: Due) -> Result<(), Error> {
    for delivery in queue {
        let now = engine.journal.now();
        // The first attempt is due at once; a later one has to wait its time.
        if due == Due::Kept && delivery.attempts > 0 && delivery.due > now {
            return Ok(());
        }
        let (recorder, deployment) = (delivery.recorder.clone(), delivery.deployment.clone());
        engine.notice(&Progress::TellingStarted { recorder: recorder.clone(), deployment });
        let began = Instant::now();
        let answer = deliver(engine, application, &delivery).await;
        engine.notice(&Progress::TellingFinished { recorder, told: answer.is_ok(), took: began.elapsed() });
        match answer {
            Ok(facts) => engine.journal.delivered(delivery.id, facts.as_ref())?,
            Err(failure) => {
                let message =
                    format!("the recorder `{}` was not told and will be later: {}", delivery.recorder, failure.message);
                engine.journal.log(&delivery.deployment, &delivery.recorder, Level::Warn, &message);
                engine.notice(&Progress::Log { source: delivery.recorder.clone(), level: Level::Warn, message });
                let due = now.checked_add(delay(engine, delivery.attempts, &failure)).unwrap_or(now);
                engine.journal.delivery_failed(delivery.id, due, &failure.message)?;
                // In order: what came later waits too.
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Twice as long each time, and at least as long as the server said that it wants to be left alone.
fn delay(engine: &Engine, attempts: u32, failure: &Failure) -> SignedDuration {
    let delay = engine.pace.delivery_delay.saturating_mul(2_u32.saturating_pow(attempts));
    let wished = failure.details.as_ref().and_then(|details| details.get("retry-after")?.as_u64()).unwrap_or(0);
    let delay = delay.max(std::time::Duration::from_secs(wished));
    SignedDuration::try_from(delay).unwrap_or(LONGEST_DELAY).min(LONGEST_DELAY)
}

async fn deliver(
    engine: &Engine,
    application: &str,
    delivery: &Delivery,
) -> Result<Option<serde_json::Value>, Failure> {
    let Some(event) = &delivery.event else {
        return Err(failure("internal", "the stored event cannot be read"));
    };
    let orders = engine.outside.orders(&event.release).await?;
    let account = engine.journal.account(&delivery.deployment);
    let unbound = account.map_err(|error| failure("internal", error.to_string()))?.asked.unbound;
    let subject = Subject {
        engine,
        deployment: delivery.deployment.clone(),
        application: application.to_owned(),
        purpose: if event.rollback || event.outcome == Outcome::RolledBack { "rollback" } else { "deploy" },
        release: Arc::new(event.release.clone()),
        running: event.running.clone().map(Arc::new),
        plan: None,
        orders: Arc::new(orders),
        cancelled: CancellationToken::new(),
        unbound,
    };
    let context = subject.context(&delivery.recorder, delivery.attempts + 1, subject.orders.call_deadline);
    let told = engine.outside.deliver(&context, &delivery.recorder, event);
    let facts = within(&context, &delivery.recorder, told).await?;
    let message = format!("told that deployment {} {}", delivery.deployment, outcome_word(event.outcome));
    engine.journal.log(&delivery.deployment, &delivery.recorder, Level::Info, &message);
    Ok(facts)
}
