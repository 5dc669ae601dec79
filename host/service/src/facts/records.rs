//! Events that recorders have and have not received, as facts.

use windlass_api::facts::{DeliveryFact, RecordFact};
use windlass_journal::Delivery;

/// An event that a recorder has not received.
pub(crate) fn delivery(application: &str, delivery: &Delivery) -> DeliveryFact {
    let event = delivery.event.as_ref();
    let (waits, refusal) = (delivery.aside.is_none(), delivery.aside.as_ref().map(|aside| &aside.refusal));
    DeliveryFact {
        number: delivery.id,
        state: if waits { "waiting" } else { "set-aside" }.to_owned(),
        application: application.to_owned(),
        recorder: delivery.recorder.clone(),
        deployment: delivery.deployment.clone(),
        version: event.map(|event| event.release.version.clone()).filter(|version| !version.is_empty()),
        since: event.map(|event| event.finished.clone()),
        attempts: delivery.attempts,
        due: waits.then(|| delivery.due.to_string()),
        failure: delivery.failure.clone(),
        hint: refusal.and_then(|refusal| refusal.hint.clone()),
    }
}

/// What became of telling a recorder about a deployment.
pub(super) fn record(delivery: &Delivery) -> RecordFact {
    let state = match (delivery.delivered, &delivery.failure, &delivery.aside) {
        (Some(_), None, _) => "told",
        (Some(_), Some(_), _) => "given-up",
        (None, _, Some(_)) => "set-aside",
        (None, _, None) => "waiting",
    };
    RecordFact {
        recorder: delivery.recorder.clone(),
        number: delivery.id,
        state: state.to_owned(),
        summary: delivery.summary().map(str::to_owned),
        failure: delivery.failure.clone(),
        time: delivery.delivered.map(|time| time.to_string()),
    }
}
