//! Journals of older formats.

use windlass_domain::{Event as Told, Outcome};

use super::{instance, open, opened, release, settled};
use crate::{Asked, Event, Journal, Mode, Origin, Refusal, WithLine};

/// A deployment with an event for the recorder `ledger`, in a journal as an agent with format 1 left it.
fn older(directory: &std::path::Path) {
    let journal = open(directory);
    let mut state = journal.begin("d1", |number| opened(number, "kudos")).unwrap();
    journal.append(&mut state, &Event::Resolved { release: release("v1") }, &WithLine::default()).unwrap();
    let event: Told = serde_json::from_value(serde_json::json!({
        "format": 1, "idempotency-key": "k1", "deployment": "d1", "sequence": 1, "application": "kudos",
        "environment": "uat", "host": "h", "outcome": "refused", "rollback": false, "actor": "me",
        "release": release("v1"), "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:00:00Z",
    }))
    .unwrap();
    let also = WithLine { deliveries: vec![("ledger".to_owned(), event)] };
    journal.append(&mut state, &settled(Outcome::Refused), &also).unwrap();
    journal.append(&mut state, &Event::Closed, &WithLine::default()).unwrap();
    journal.store().as_format_1();
}

#[test]
fn a_journal_of_format_1_is_read_as_it_is_and_upgraded_by_who_writes() {
    let directory = tempfile::tempdir().unwrap();
    older(directory.path());
    let clock = std::sync::Arc::new(windlass_foundation::clock::SystemClock);
    let reader =
        Journal::open(directory.path(), Mode::Read, clock, windlass_foundation::redact::Redactor::new()).unwrap();
    assert_eq!(reader.undelivered(&instance("kudos")).unwrap()[0].recorder, "ledger");
    assert!(reader.verify().unwrap().faults.is_empty());
    assert_eq!(reader.store().format(), 1, "who reads changes nothing");
    drop(reader);

    let journal = open(directory.path());
    assert_eq!(journal.store().format(), 5);
    let waiting = journal.undelivered(&instance("kudos")).unwrap().remove(0);
    assert!(waiting.event.is_some() && waiting.aside.is_none());
    let refusal = Refusal { code: "not-found".to_owned(), reason: "gone".to_owned(), hint: None };
    journal.set_aside(waiting.id, &refusal).unwrap();
    let verified = journal.verify().unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    drop(journal);
    assert_eq!(
        open(directory.path()).undelivered(&instance("kudos")).unwrap()[0].aside.as_ref().unwrap().refusal,
        refusal
    );
}

#[test]
fn whoever_hides_what_is_set_aside_is_found() {
    let directory = tempfile::tempdir().unwrap();
    older(directory.path());
    let journal = open(directory.path());
    let waiting = journal.undelivered(&instance("kudos")).unwrap().remove(0);
    let refusal = Refusal { code: "not-found".to_owned(), reason: "gone".to_owned(), hint: None };
    journal.set_aside(waiting.id, &refusal).unwrap();
    journal.store().run("DELETE FROM set_aside");
    let faults = journal.verify().unwrap().faults;
    assert!(faults[0].what.contains("event set aside k1 is missing"), "{faults:?}");
}

#[test]
fn what_a_source_is_does_not_follow_from_its_words() {
    let asked = |line: serde_json::Value| {
        let mut whole = serde_json::json!({ "purpose": "deploy", "retry": false });
        whole.as_object_mut().unwrap().extend(line.as_object().unwrap().clone());
        serde_json::from_value::<Asked>(whole).unwrap()
    };
    // A directory of any name is one, where the line says so.
    for source in ["plan", "release:", "release:kudos.json", "/srv/plan"] {
        let asked = asked(serde_json::json!({ "source": source, "origin": "directory" }));
        assert_eq!((asked.origin(), asked.is_given_plan()), (Origin::Directory, false), "{source}");
    }
    // Lines of before are read as before.
    for (line, origin) in [
        (serde_json::json!({ "source": "/srv/plan" }), Origin::Directory),
        (serde_json::json!({ "source": "plan" }), Origin::Plan),
        (serde_json::json!({ "source": "plan", "purpose": "rollback", "of": "d1" }), Origin::Plan),
        (serde_json::json!({ "source": "release:kudos.json" }), Origin::Release),
        (serde_json::json!({ "source": "d1", "purpose": "rollback", "of": "d1" }), Origin::Deployment),
    ] {
        assert_eq!(asked(line.clone()).origin(), origin, "{line}");
    }
    // Agents of before read those of today.
    for origin in [Origin::Directory, Origin::Plan, Origin::Release, Origin::Deployment] {
        let of = if origin == Origin::Deployment { Some("d1") } else { None };
        let words = origin.source(of.unwrap_or("/srv/kudos"));
        assert_eq!(asked(serde_json::json!({ "source": words, "of": of })).origin(), origin);
    }
    // Where a path was meant from that is not absolute, the line does not say.
    let directory = |source: &str| asked(serde_json::json!({ "source": source })).directory().map(ToOwned::to_owned);
    assert_eq!(directory("/srv/kudos"), Some("/srv/kudos".into()));
    for source in ["kudos", "./kudos", "", "plan", "release:kudos.json"] {
        assert_eq!(directory(source), None, "{source}");
    }
}
