//! A changed, missing or moved line is found and named.

use super::{Journal, deploy, open};
use crate::journal::Notice;

/// Someone at the file with another program. Triggers keep honest mistakes away, not this.
fn tamper(state: &std::path::Path, sql: &str) {
    let connection = rusqlite::Connection::open(state.join("journal.sqlite3")).unwrap();
    connection.execute_batch("DROP TRIGGER events_are_not_changed; DROP TRIGGER events_are_not_removed;").unwrap();
    connection.execute_batch(sql).unwrap();
}

fn journal() -> (tempfile::TempDir, Journal) {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    deploy(&journal, "aaaa", "kudos", "v1");
    deploy(&journal, "bbbb", "kudos", "v2");
    (state, journal)
}

#[track_caller]
fn finds(sql: &str, line: u64, what: &str) {
    let (state, journal) = journal();
    let whole = journal.verify().unwrap();
    assert_eq!((whole.lines, whole.faults.len()), (18, 0));
    tamper(state.path(), sql);
    let faults = journal.verify().unwrap().faults;
    let first = faults.first().unwrap_or_else(|| panic!("`{sql}` is not found"));
    assert!(first.sequence == line && first.what.contains(what), "{faults:?}");
}

#[test]
fn a_changed_line() {
    finds("UPDATE events SET payload = replace(payload, 'tester', 'nobody') WHERE sequence = 1", 1, "was changed");
    finds("UPDATE events SET time = '2020-01-01T00:00:00Z' WHERE sequence = 5", 5, "was changed");
    finds("UPDATE events SET deployment = 'bbbb' WHERE sequence = 4", 4, "was changed");
}

#[test]
fn a_missing_line() {
    finds("DELETE FROM events WHERE sequence = 1", 2, "line 1 before it is missing");
    finds("DELETE FROM events WHERE sequence = 7", 8, "line 7 before it is missing");
    finds("DELETE FROM events WHERE sequence IN (7, 8)", 9, "lines 7 to 8");
    finds("DELETE FROM events WHERE sequence = 18", 18, "missing at the end");
    finds("DELETE FROM events WHERE sequence > 10", 11, "lines 11 to 18");
}

#[test]
fn moved_lines() {
    let swap = "UPDATE events SET sequence = 100 WHERE sequence = 4;
                UPDATE events SET sequence = 4 WHERE sequence = 5;
                UPDATE events SET sequence = 5 WHERE sequence = 100;";
    finds(swap, 4, "doesn't follow");
}

#[test]
fn a_line_that_was_added() {
    finds(
        "INSERT INTO events SELECT sequence + 1, deployment, time, kind, payload, hash, hash FROM events WHERE sequence = 18",
        19,
        "was changed",
    );
}

#[test]
fn nobody_changes_a_line_by_mistake() {
    let (state, _journal) = journal();
    let connection = rusqlite::Connection::open(state.path().join("journal.sqlite3")).unwrap();
    for sql in ["UPDATE events SET kind = 'x'", "DELETE FROM events"] {
        assert!(connection.execute_batch(sql).unwrap_err().to_string().contains("append-only"));
    }
}

#[test]
fn who_froze_an_application_is_in_the_chain() {
    let (state, journal) = journal();
    let frozen = Notice::Frozen { actor: "ada".to_owned(), reason: "the sale runs".to_owned() };
    journal.note("kudos", &frozen).unwrap();
    let freeze = journal.freeze("kudos").unwrap().unwrap();
    assert_eq!((freeze.actor.as_str(), freeze.reason.as_str()), ("ada", "the sale runs"));
    assert!(journal.freeze("other").unwrap().is_none());
    let unfrozen = Notice::Unfrozen { actor: "bob".to_owned(), reason: None };
    assert!(journal.note("kudos", &unfrozen).unwrap());
    assert!(!journal.note("kudos", &unfrozen).unwrap(), "it was open already");
    assert!(journal.freeze("kudos").unwrap().is_none());
    deploy(&journal, "cccc", "kudos", "v3");
    let whole = journal.verify().unwrap();
    assert_eq!((whole.lines, whole.faults.len()), (18 + 2 + 9, 0));
    tamper(state.path(), "UPDATE events SET payload = replace(payload, 'ada', 'eve') WHERE sequence = 19");
    let verification = journal.verify().unwrap();
    assert_eq!(verification.faults[0].sequence, 19);
    assert_eq!(verification.faults[0].what, "the line `frozen` of application kudos was changed");
}
