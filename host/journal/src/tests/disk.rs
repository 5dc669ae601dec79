//! Formats, full and read-only disks, and two processes at once.

use std::sync::Arc;

use serde_json::json;
use windlass_domain::Outcome;
use windlass_foundation::explain::{ExitCode, Explain};

use super::{Journal, Mode, Redactor, SteppingClock, deploy, instance, open, opened, planned, release, settled, step};
use crate::{Error, Event, WithLine};

#[test]
fn a_newer_journal_is_refused_by_its_version_and_stays_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    deploy(&open(directory.path()), "aaaa", "kudos", "v1");
    let path = directory.path().join("journal.sqlite3");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let before = std::fs::read(&path).unwrap();
    for mode in [Mode::Read, Mode::Write] {
        let clock = Arc::new(SteppingClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
        let Err(error) = Journal::open(directory.path(), mode, clock, Redactor::new()) else { panic!("it was opened") };
        assert_eq!(error.exit(), ExitCode::Configuration);
        let text = error.to_string();
        assert!(text.contains("format 7") && text.contains("up to 5"), "{text}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_no_journal_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("journal.sqlite3"), "this is not a database, it is a letter".repeat(50))
        .unwrap();
    let clock = Arc::new(SteppingClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
    let error = Journal::open(directory.path(), Mode::Write, clock, Redactor::new()).err().unwrap();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
}

#[test]
fn a_question_makes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let nowhere = directory.path().join("nowhere");
    let clock = Arc::new(SteppingClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
    let journal = Journal::open(&nowhere, Mode::Read, clock, Redactor::new()).unwrap();
    assert!(journal.status(None).unwrap().is_empty());
    assert!(!nowhere.exists());
}

#[test]
fn what_ends_a_deployment_is_written_on_a_full_disk_and_nothing_new_begins() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    let mut state = journal.begin("aaaa", |number| opened(number, "kudos")).unwrap();
    for event in [Event::Resolved { release: release("v1") }, planned(), Event::Applying, step("a")] {
        journal.append(&mut state, &event, &WithLine::default()).unwrap();
    }
    // The file may not grow: the same answer from SQLite as on a full disk, until the reserve is let go.
    journal.store().fill_disk();
    let big = json!("x".repeat(200_000));
    let reserve = directory.path().join("reserve");
    assert!(reserve.exists());
    let announced = Event::StepStarted { step: "b".repeat(200_000), attempt: 1 };
    let full = journal.append(&mut state, &announced, &WithLine::default()).unwrap_err();
    assert!(matches!(full, Error::DiskFull { .. }), "{full}");
    assert!(!reserve.exists(), "the reserve is let go");
    assert_eq!(state.steps.len(), 1, "what wasn't written didn't happen");
    let done = Event::StepSucceeded { step: "a".to_owned(), output: big };
    journal.append(&mut state, &done, &WithLine::default()).unwrap();
    drop(journal);
    assert!(open(directory.path()).verify().unwrap().faults.is_empty());
}

#[test]
fn two_processes_write_one_chain() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_owned();
    let writers: Vec<_> = ["one", "two", "three"]
        .into_iter()
        .map(|application| {
            let path = path.clone();
            std::thread::spawn(move || {
                let journal = open(&path);
                for turn in 0..10 {
                    deploy(&journal, &format!("{application}-{turn}"), application, "v1");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let verification = open(directory.path()).verify().unwrap();
    assert_eq!((verification.lines, verification.faults.len()), (270, 0));
}

#[test]
fn those_who_make_the_journal_at_once_wait_for_each_other() {
    for _ in 0..40 {
        let directory = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| open(directory.path()));
            }
        });
    }
}

#[test]
fn no_secret_reaches_the_disk() {
    let directory = tempfile::tempdir().unwrap();
    let redactor = Redactor::new();
    redactor.learn("hunter2hunter2", "[redacted:db]");
    let clock = Arc::new(SteppingClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
    let journal = Journal::open(directory.path(), Mode::Write, clock, redactor).unwrap();
    let mut state = journal.begin("aaaa", |number| opened(number, "kudos")).unwrap();
    for event in [Event::Resolved { release: release("v1") }, planned(), Event::Applying, step("a")] {
        journal.append(&mut state, &event, &WithLine::default()).unwrap();
    }
    let output = json!({ "env": ["PASSWORD=hunter2hunter2"] });
    journal.append(&mut state, &Event::StepSucceeded { step: "a".to_owned(), output }, &WithLine::default()).unwrap();
    journal.log("aaaa", "a", windlass_foundation::progress::Level::Info, "connecting with hunter2hunter2");
    journal.append(&mut state, &Event::Verifying, &WithLine::default()).unwrap();
    let told = json!({
        "format": 1, "idempotency-key": "k", "deployment": "aaaa", "sequence": 1, "application": "kudos", "environment": "uat",
        "host": "h", "outcome": "succeeded", "rollback": false, "actor": "tester", "reason": "the password is hunter2hunter2",
        "release": release("v1"), "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:00:00Z",
    });
    let deliveries = vec![("chat".to_owned(), serde_json::from_value(told).unwrap())];
    journal.append(&mut state, &settled(Outcome::Succeeded), &WithLine { deliveries }).unwrap();
    let waiting = journal.undelivered(&instance("kudos")).unwrap();
    let reason = waiting[0].event.as_ref().and_then(|event| event.reason.clone());
    assert_eq!(reason.as_deref(), Some("the password is [redacted:db]"));
    assert_eq!(state.steps["a"].output, Some(json!({ "env": ["PASSWORD=[redacted:db]"] })), "memory is as the disk");
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(14).any(|window| window == b"hunter2hunter2"));
    }
}

/// The budget is measured elsewhere; this shows only that a question reads an index and not the history.
#[test]
fn questions_about_a_long_history_read_an_index() {
    let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let journal = open(directory.path());
    journal.store().invent_history(20_000);
    assert_eq!(journal.history(Some(&instance("app-3")), 20, None).unwrap().len(), 20);
    assert_eq!(journal.status(None).unwrap().len(), 10);
    assert!(journal.open_deployments(None).unwrap().is_empty());
    for plan in journal.store().query_plans() {
        assert!(!plan.contains("SCAN deployments") || plan.contains("INDEX"), "{plan}");
    }
}
