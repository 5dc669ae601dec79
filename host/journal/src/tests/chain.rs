//! A changed, missing or moved line is found and named.

use super::{Journal, actor, deploy, fail, instance, open, principal};
use crate::{Actor, Notice};

/// Acts as another program that changes the file. The triggers only prevent honest mistakes; they cannot prevent this.
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
    assert!(first.sequence == Some(line) && first.what.contains(what), "{faults:?}");
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
    let frozen = Notice::Frozen { actor: actor("ada"), reason: "the sale runs".to_owned() };
    journal.note(&instance("kudos"), &frozen).unwrap();
    let freeze = journal.freeze(&instance("kudos")).unwrap().unwrap();
    assert_eq!((freeze.actor, freeze.reason.as_str()), (actor("ada"), "the sale runs"));
    assert!(journal.freeze(&instance("other")).unwrap().is_none());
    let unfrozen = Notice::Unfrozen { actor: actor("bob"), reason: None };
    assert!(journal.note(&instance("kudos"), &unfrozen).unwrap());
    assert!(!journal.note(&instance("kudos"), &unfrozen).unwrap(), "it was open already");
    assert!(journal.freeze(&instance("kudos")).unwrap().is_none());
    deploy(&journal, "cccc", "kudos", "v3");
    let whole = journal.verify().unwrap();
    assert_eq!((whole.lines, whole.faults.len()), (18 + 2 + 9, 0));
    tamper(state.path(), "UPDATE events SET payload = replace(payload, 'ada', 'eve') WHERE sequence = 19");
    let verification = journal.verify().unwrap();
    assert_eq!(verification.faults[0].sequence, Some(19));
    assert_eq!(verification.faults[0].what, "the line `frozen` of application kudos was changed");
}

#[test]
fn a_hold_has_the_proof_of_the_line_that_set_it_last() {
    let (_state, journal) = journal();
    let earlier = |name: &str| Actor { name: name.to_owned(), proof: None };
    for by in [actor("ada"), earlier("ada"), actor("bob")] {
        let (reason, version) = ("it loses orders".to_owned(), "v1".to_owned());
        journal.note(&instance("kudos"), &Notice::Frozen { actor: by.clone(), reason: reason.clone() }).unwrap();
        let release = "sha256:v1".to_owned();
        let (by_one, reason_one, version_one, one) = (by.clone(), reason.clone(), version.clone(), release.clone());
        let pinned = Notice::Pinned { actor: by_one, reason: reason_one, release: one, version: version_one };
        journal.note(&instance("kudos"), &pinned).unwrap();
        journal.note(&instance("kudos"), &Notice::Quarantined { actor: by.clone(), reason, release, version }).unwrap();
        assert_eq!(journal.freeze(&instance("kudos")).unwrap().unwrap().actor, by);
        assert_eq!(journal.pin(&instance("kudos")).unwrap().unwrap().actor, by);
        assert_eq!(journal.quarantine(&instance("kudos")).unwrap()[0].actor.as_ref(), Some(&by));
    }
    assert_eq!(journal.asked_by("aaaa").unwrap(), Some(principal("tester")));
    assert_eq!(journal.verify().unwrap().faults, []);
}

/// A host where every table has a row: what runs, what failed, a freeze and a pin.
fn held() -> (tempfile::TempDir, Journal) {
    let (state, journal) = journal();
    let failure = windlass_domain::Failure {
        code: "unhealthy".to_owned(),
        message: "it loses orders".to_owned(),
        retryable: false,
        details: None,
    };
    fail(&journal, "cccc", "kudos", "v3", failure);
    let (actor, reason) = (actor("ada"), "the sale runs".to_owned());
    journal.note(&instance("kudos"), &Notice::Frozen { actor: actor.clone(), reason: reason.clone() }).unwrap();
    let (release, version) = ("sha256:v2".to_owned(), "v2".to_owned());
    journal.note(&instance("kudos"), &Notice::Pinned { actor, reason, release, version }).unwrap();
    (state, journal)
}

#[test]
fn what_follows_from_the_lines_is_made_again_and_compared() {
    let (_state, journal) = held();
    assert_eq!(journal.verify().unwrap().faults, []);
    let table: &[(&str, &str)] = &[
        (
            "UPDATE deployments SET actor = 'eve' WHERE id = 'aaaa'",
            "deployment aaaa has `actor` = `eve` in the table `deployments`, and the lines say `tester`",
        ),
        ("UPDATE deployments SET outcome = 'succeeded' WHERE id = 'cccc'", "deployment cccc has `outcome` = `succeeded`"),
        ("UPDATE deployments SET release = 'sha256:other' WHERE id = 'bbbb'", "deployment bbbb has `release`"),
        ("UPDATE deployments SET number = 9 WHERE id = 'bbbb'", "deployment bbbb has `number` = `9`"),
        ("UPDATE deployments SET open = 1 WHERE id = 'bbbb'", "deployment bbbb has `open` = `1`"),
        ("DELETE FROM deployments WHERE id = 'aaaa'", "deployment aaaa is missing in the table `deployments`"),
        (
            "INSERT INTO deployments SELECT 'dddd', 7, application, environment, purpose, actor, reason, break_glass, status,
             open, outcome, release, version, commit_id, failure, previous, started, finished FROM deployments WHERE id = 'aaaa'",
            "deployment dddd is in the table `deployments`, and no line says so",
        ),
        ("UPDATE applications SET running = 'aaaa'", "application kudos has `running` = `aaaa`"),
        (
            "UPDATE applications SET release = replace(release, '\"version\":\"v2\"', '\"version\":\"v9\"')",
            "application kudos has `release` = `…\"kudos\",\"version\":\"v9\"",
        ),
        ("DELETE FROM applications", "application kudos is missing"),
        ("DELETE FROM quarantine", "quarantine of kudos sha256:v3 is missing"),
        ("UPDATE quarantine SET release = 'sha256:v2'", "quarantine of kudos sha256:v2 is in the table"),
        ("DELETE FROM freezes", "freeze of kudos is missing"),
        ("UPDATE freezes SET until = '2026-01-01T00:00:00Z'", "freeze of kudos has `until`"),
        ("UPDATE pins SET release = 'sha256:v1'", "pin of kudos has `release` = `sha256:v1`"),
        ("INSERT INTO pins VALUES ('other', 'r', 'v', 'eve', 'why', '2026-01-01T00:00:00Z')", "pin of other is in the table"),
        ("ALTER TABLE pins ADD COLUMN more TEXT", "the table `pins` has not the columns"),
        (
            "CREATE TRIGGER more AFTER INSERT ON pins BEGIN DELETE FROM pins; END",
            "the triggers that keep the journal append-only are not those",
        ),
        ("DROP TRIGGER events_are_not_changed", "the triggers that keep the journal append-only are not those"),
    ];
    for (sql, expected) in table {
        let (state, journal) = held();
        let connection = rusqlite::Connection::open(state.path().join("journal.sqlite3")).unwrap();
        connection.execute_batch(sql).unwrap();
        let faults = journal.verify().unwrap().faults;
        assert!(
            faults.iter().any(|fault| fault.sequence.is_none() && fault.what.contains(expected)),
            "{sql}: {faults:?}"
        );
    }
}

#[test]
fn many_rows_that_do_not_fit_are_counted() {
    let (state, journal) = journal();
    let connection = rusqlite::Connection::open(state.path().join("journal.sqlite3")).unwrap();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
               INSERT INTO pins SELECT 'app-' || i, 'r', 'v', 'eve', 'why', '2026-01-01T00:00:00Z' FROM n";
    connection.execute_batch(sql).unwrap();
    let faults = journal.verify().unwrap().faults;
    assert_eq!(faults.len(), 21);
    assert_eq!(faults[20].what, "the table `pins` has 480 more rows that do not follow from the lines");
}
