//! What the agent found after a deployment: said once, told to recorders, and gone when something else runs.

use windlass_domain::Event as Told;

use super::{deploy, instance, open, release};
use crate::{Concern, Notice, WithLine};

fn ailing(what: &str) -> Notice {
    Notice::Ailing { about: Concern::Watch, deployment: "d1".to_owned(), what: what.to_owned() }
}

fn told(key: &str) -> WithLine {
    let event: Told = serde_json::from_value(serde_json::json!({
        "format": 1, "idempotency-key": key, "deployment": "d1", "sequence": 1, "application": "kudos",
        "environment": "uat", "host": "h", "outcome": "succeeded", "rollback": false, "actor": "me",
        "release": release("v1"), "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:00:07Z",
    }))
    .unwrap();
    WithLine { deliveries: vec![("ledger".to_owned(), event)] }
}

#[test]
fn what_is_found_is_said_once_until_it_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, kudos) = (open(directory.path()), instance("kudos"));
    deploy(&journal, "d1", "kudos", "v1");
    assert!(journal.found(&kudos, &ailing("page failed"), "d1", &told("k1")).unwrap());
    assert!(!journal.found(&kudos, &ailing("health failed"), "d1", &told("k2")).unwrap(), "it is known");
    let concerns = journal.concerns(&kudos).unwrap();
    assert_eq!(concerns.len(), 1);
    assert_eq!(concerns[0].what.as_deref(), Some("page failed"));
    let waiting = journal.undelivered(&kudos).unwrap();
    assert_eq!(waiting.len(), 1, "what is not said is not told");
    assert_eq!(
        waiting[0].event.as_ref().unwrap().finished,
        "2026-01-01T00:00:07Z",
        "the deployment ended when it ended"
    );
    let over = Notice::Recovered { about: Concern::Watch, deployment: "d1".to_owned() };
    assert!(journal.found(&kudos, &over, "d1", &told("k3")).unwrap());
    assert!(!journal.found(&kudos, &over, "d1", &told("k4")).unwrap());
    assert_eq!(journal.concerns(&kudos).unwrap(), []);
    let said: Vec<_> = journal.found_of(&kudos, "d1").unwrap().into_iter().map(|found| found.what).collect();
    assert_eq!(said, [Some("page failed".to_owned()), None]);
    assert_eq!(journal.found_of(&kudos, "d2").unwrap(), []);
    assert_eq!(journal.verify().unwrap().faults, []);
}

#[test]
fn what_was_found_is_about_what_ran_then() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, kudos) = (open(directory.path()), instance("kudos"));
    deploy(&journal, "d1", "kudos", "v1");
    assert!(journal.found(&kudos, &ailing("page failed"), "d1", &WithLine::default()).unwrap());
    deploy(&journal, "d2", "kudos", "v2");
    assert_eq!(journal.concerns(&kudos).unwrap(), []);
    assert_eq!(journal.verify().unwrap().faults, []);
}

#[test]
fn whoever_hides_what_was_found_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, kudos) = (open(directory.path()), instance("kudos"));
    deploy(&journal, "d1", "kudos", "v1");
    journal.found(&kudos, &ailing("page failed"), "d1", &WithLine::default()).unwrap();
    journal.store().run("DELETE FROM concerns");
    let faults = journal.verify().unwrap().faults;
    assert!(faults[0].what.contains("concern about kudos watch is missing"), "{faults:?}");
}
