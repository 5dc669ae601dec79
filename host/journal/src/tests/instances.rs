//! An application and the same one under another name share nothing.

use windlass_domain::{Event as Told, Failure, Outcome};
use windlass_foundation::names::Instance;

use super::{actor, deploy, fail, instance, open, opened, principal, release, settled};
use crate::{Event, Journal, Notice, Owner, Put, Refusal, Requeued, Room, WithLine};

const ROOM: Room = Room { keys: 10, bytes: 1_000 };

fn both() -> [Instance; 2] {
    [instance("kudos"), instance("kudos@pr-123")]
}

/// A deployment with an event for a recorder that will not take it.
fn told(journal: &Journal, id: &str, of: &Instance) -> i64 {
    let mut state = journal.begin(id, |number| opened(number, of.as_str())).unwrap();
    journal.append(&mut state, &Event::Resolved { release: release(id) }, &WithLine::default()).unwrap();
    let event: Told = serde_json::from_value(serde_json::json!({
        "format": 1, "idempotency-key": id, "deployment": id, "sequence": 1, "application": of, "environment": "uat",
        "host": "h", "outcome": "refused", "rollback": false, "actor": "me", "release": release(id),
        "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:00:00Z",
    }))
    .unwrap();
    let also = WithLine { deliveries: vec![("ledger".to_owned(), event)] };
    journal.append(&mut state, &settled(Outcome::Refused), &also).unwrap();
    journal.append(&mut state, &Event::Closed, &WithLine::default()).unwrap();
    let delivery = journal.undelivered(of).unwrap().pop().unwrap().id;
    let refusal = Refusal { code: "no".to_owned(), reason: "it will not".to_owned(), hint: None };
    journal.set_aside(delivery, &refusal).unwrap();
    delivery
}

#[test]
fn what_is_said_of_one_is_not_said_of_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    let [itself, preview] = both();
    deploy(&journal, "aaaa", "kudos", "v1");
    deploy(&journal, "bbbb", "kudos@pr-123", "v2");
    assert_eq!(journal.running(&itself).unwrap().unwrap().deployment, "aaaa");
    assert_eq!(journal.running(&preview).unwrap().unwrap().deployment, "bbbb");
    for (one, id) in [(&itself, "aaaa"), (&preview, "bbbb")] {
        let history = journal.history(Some(one), 10, None).unwrap();
        assert_eq!((history.len(), history[0].id.as_str(), &history[0].instance), (1, id, one));
        assert_eq!(journal.successes(one).unwrap().len(), 1);
        assert_eq!(journal.kept_releases(one, 10).unwrap().len(), 1);
        assert_eq!(journal.resolved_releases(one, 10).unwrap().len(), 1);
        assert_eq!(&journal.status(Some(one)).unwrap()[0].instance, one);
    }
    assert_eq!(journal.status(None).unwrap().len(), 2);

    let failure = Failure {
        code: "unhealthy".to_owned(),
        message: "it loses orders".to_owned(),
        retryable: false,
        details: None,
    };
    fail(&journal, "cccc", "kudos@pr-123", "v3", failure);
    assert!(journal.quarantined(&preview, "sha256:v3").unwrap().is_some());
    assert!(journal.quarantined(&itself, "sha256:v3").unwrap().is_none());
    let reason = || "the sale runs".to_owned();
    let (release, version) = ("sha256:v1".to_owned(), "v1".to_owned());
    journal.note(&itself, &Notice::Frozen { actor: actor("ada"), reason: reason() }).unwrap();
    journal.note(&preview, &Notice::Pinned { actor: actor("bob"), reason: reason(), release, version }).unwrap();
    assert!(journal.freeze(&itself).unwrap().is_some() && journal.freeze(&preview).unwrap().is_none());
    assert!(journal.pin(&itself).unwrap().is_none() && journal.pin(&preview).unwrap().is_some());
    assert!(!journal.note(&preview, &Notice::Unfrozen { actor: actor("ada"), reason: None }).unwrap());
    assert!(journal.freeze(&itself).unwrap().is_some());

    let owner = Owner { actor: actor("ada"), pid: 1, boot: "b".to_owned(), agent: "0".to_owned() };
    journal.hold(&preview, &owner).unwrap();
    assert!(journal.holder(&itself).unwrap().is_none() && journal.holder(&preview).unwrap().is_some());
    journal.release(&itself).unwrap();
    assert!(journal.holder(&preview).unwrap().is_some());

    assert_eq!(journal.state_put("p", &itself, "k", b"1", None, ROOM).unwrap(), Put::Stored(1));
    assert!(journal.state_get("p", &preview, "k").unwrap().is_none());
    assert_eq!(journal.state_put("p", &preview, "k", b"2", None, ROOM).unwrap(), Put::Stored(1));
    assert!(journal.state_delete("p", &preview, "k", Some(1)).unwrap());
    assert_eq!(journal.state_get("p", &itself, "k").unwrap().unwrap().value, b"1");
    assert_eq!(journal.state_keys("p", &preview, "").unwrap(), [""; 0]);
    assert_eq!(journal.verify().unwrap().faults, []);
}

#[test]
fn an_event_for_a_recorder_is_of_one_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    let [itself, preview] = both();
    let (one, other) = (told(&journal, "aaaa", &itself), told(&journal, "bbbb", &preview));
    assert_eq!(journal.instance_of(other).unwrap().as_ref(), Some(&preview));
    assert_eq!(journal.undelivered(&itself).unwrap().len(), 1);
    assert_eq!(journal.requeue(other, &principal("ada")).unwrap(), Requeued::Waits { instance: preview.clone() });
    assert!(journal.undelivered(&preview).unwrap()[0].aside.is_none());
    assert!(journal.undelivered(&itself).unwrap()[0].aside.is_some());
    assert_eq!(journal.drop_delivery(one, &principal("ada"), "seen").unwrap(), Some(itself.clone()));
    assert!(journal.undelivered(&itself).unwrap().is_empty());
    assert_eq!(journal.undelivered(&preview).unwrap().len(), 1);
    assert_eq!(journal.verify().unwrap().faults, []);
}

#[test]
fn a_line_about_something_that_is_no_instance_cannot_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    deploy(&journal, "aaaa", "kudos", "v1");
    journal.store().run("UPDATE applications SET name = 'kudos@../x'; UPDATE deployments SET application = 'a@b@c'");
    for said in [journal.status(None).unwrap_err(), journal.history(None, 1, None).unwrap_err()] {
        let source = std::error::Error::source(&said).map(ToString::to_string).unwrap_or_default();
        assert!(format!("{said} {source}").contains("is not an application"), "{said} {source}");
    }
}
