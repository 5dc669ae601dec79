//! Journals of older formats.

use windlass_documents::{Event as Told, Outcome};

use super::{open, opened, release, settled};
use crate::journal::{Also, Event, Journal, Mode, Refusal};

/// A deployment with an event for the recorder `ledger`, in a journal as an agent with format 1 left it.
fn older(state: &std::path::Path) {
    let journal = open(state);
    let mut account = journal.begin("d1", |number| opened(number, "kudos")).unwrap();
    journal.append(&mut account, &Event::Resolved { release: release("v1") }, &Also::default()).unwrap();
    let event: Told = serde_json::from_value(serde_json::json!({
        "format": 1, "idempotency-key": "k1", "deployment": "d1", "sequence": 1, "application": "kudos",
        "environment": "uat", "host": "h", "outcome": "refused", "rollback": false, "actor": "me",
        "release": release("v1"), "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:00:00Z",
    }))
    .unwrap();
    let also = Also { deliveries: vec![("ledger".to_owned(), event)] };
    journal.append(&mut account, &settled(Outcome::Refused), &also).unwrap();
    journal.append(&mut account, &Event::Closed, &Also::default()).unwrap();
    journal.store().as_format_1();
}

#[test]
fn a_journal_of_format_1_is_read_as_it_is_and_upgraded_by_who_writes() {
    let state = tempfile::tempdir().unwrap();
    older(state.path());
    let clock = std::sync::Arc::new(crate::clock::SystemClock);
    let reader = Journal::open(state.path(), Mode::Read, clock, crate::redact::Redactor::new()).unwrap();
    assert_eq!(reader.undelivered("kudos").unwrap()[0].recorder, "ledger");
    assert!(reader.verify().unwrap().faults.is_empty());
    assert_eq!(reader.store().format(), 1, "who reads changes nothing");
    drop(reader);

    let journal = open(state.path());
    assert_eq!(journal.store().format(), 4);
    let waiting = journal.undelivered("kudos").unwrap().remove(0);
    assert!(waiting.event.is_some() && waiting.aside.is_none());
    let refusal = Refusal { code: "not-found".to_owned(), reason: "gone".to_owned(), hint: None };
    journal.set_aside(waiting.id, &refusal).unwrap();
    let verified = journal.verify().unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    drop(journal);
    assert_eq!(open(state.path()).undelivered("kudos").unwrap()[0].aside.as_ref().unwrap().refusal, refusal);
}

#[test]
fn whoever_hides_what_is_set_aside_is_found() {
    let state = tempfile::tempdir().unwrap();
    older(state.path());
    let journal = open(state.path());
    let waiting = journal.undelivered("kudos").unwrap().remove(0);
    let refusal = Refusal { code: "not-found".to_owned(), reason: "gone".to_owned(), hint: None };
    journal.set_aside(waiting.id, &refusal).unwrap();
    journal.store().run("DELETE FROM set_aside");
    let faults = journal.verify().unwrap().faults;
    assert!(faults[0].what.contains("event set aside k1 is missing"), "{faults:?}");
}
