//! What is asked of the journal: finding deployments, logs, values of plugins.

use windlass_foundation::progress::Level;

use super::{deploy, instance, open};
use crate::{Error, Put, Room};

#[test]
fn deployments_are_found_by_id_beginning_and_number() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    for (id, version) in [("abcd1", "v1"), ("abcd2", "v2"), ("xyz", "v3")] {
        deploy(&journal, id, "kudos", version);
    }
    let found = |wished: &str| journal.show(wished).map(|shown| shown.map(|shown| shown.summary.id));
    assert_eq!(found("abcd2").unwrap().as_deref(), Some("abcd2"));
    assert_eq!(found("xy").unwrap().as_deref(), Some("xyz"));
    assert_eq!(found("2").unwrap().as_deref(), Some("abcd2"));
    assert_eq!(found("#3").unwrap().as_deref(), Some("xyz"));
    assert_eq!(found("nope").unwrap(), None);
    assert!(matches!(found("abc").unwrap_err(), Error::Ambiguous { .. }));
    assert_eq!(journal.running(&instance("kudos")).unwrap().unwrap().release.version, "v3");
    let kept: Vec<_> =
        journal.kept_releases(&instance("kudos"), 2).unwrap().into_iter().map(|release| release.version).collect();
    assert_eq!(kept, ["v3", "v2"]);
    let resolved = journal.resolved_releases(&instance("kudos"), 200).unwrap();
    assert_eq!(resolved.into_iter().map(|release| release.version).collect::<Vec<_>>(), ["v3", "v2", "v1"]);
}

#[test]
fn log_lines_are_kept_with_the_next_line_of_the_journal() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    journal.log("abcd", "web", Level::Warn, "slow");
    deploy(&journal, "abcd", "kudos", "v1");
    let lines = journal.logs("abcd").unwrap();
    assert_eq!((lines.len(), lines[0].source.as_str(), lines[0].level), (1, "web", Level::Warn));
    // A process that ends in order loses nothing.
    journal.log("abcd", "web", Level::Info, "last");
    drop(journal);
    assert_eq!(open(state.path()).logs("abcd").unwrap().len(), 2);
}

#[test]
fn values_are_compared_and_set() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let put = |value: &[u8], expected| journal.state_put("p", &instance("kudos"), "k", value, expected, ROOM).unwrap();
    assert_eq!(put(b"one", None), Put::Stored(1));
    assert_eq!(put(b"two", None), Put::Conflict);
    assert_eq!(put(b"two", Some(1)), Put::Stored(2));
    assert_eq!(journal.state_get("p", &instance("kudos"), "k").unwrap().unwrap().value, b"two");
    assert!(journal.state_get("p", &instance("other"), "k").unwrap().is_none());
    assert!(!journal.state_delete("p", &instance("kudos"), "k", Some(1)).unwrap());
    assert!(journal.state_delete("p", &instance("kudos"), "k", Some(2)).unwrap());
    assert!(journal.state_delete("p", &instance("kudos"), "k", None).unwrap());
    // It goes on counting.
    assert_eq!(put(b"new", None), Put::Stored(4));
    assert_eq!(journal.state_keys("p", &instance("kudos"), "").unwrap(), ["k"]);
    assert!(journal.state_keys("p", &instance("kudos"), "K").unwrap().is_empty());
}

const ROOM: Room = Room { keys: 3, bytes: 100 };

#[test]
fn values_have_no_more_room_than_they_may() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let put = |application: &str, key: &str, length: usize, expected| {
        journal.state_put("p", &instance(application), key, &vec![0; length], expected, ROOM).unwrap()
    };
    for key in ["a", "b"] {
        assert_eq!(put("kudos", key, 40, None), Put::Stored(1));
    }
    // Keys count, and what is replaced does not.
    assert_eq!(put("kudos", "c", 18, None), Put::Full(Room { keys: 3, bytes: 101 }));
    assert_eq!(put("kudos", "ü", 17, None), Put::Full(Room { keys: 3, bytes: 101 }));
    assert_eq!(put("kudos", "a", 57, Some(1)), Put::Stored(2));
    assert_eq!(put("kudos", "a", 60, Some(2)), Put::Full(Room { keys: 2, bytes: 102 }));
    assert_eq!(journal.state_get("p", &instance("kudos"), "a").unwrap().unwrap().value.len(), 57);
    assert_eq!(put("kudos", "a", 1, Some(2)), Put::Stored(3));
    assert_eq!(put("kudos", "c", 1, None), Put::Stored(1));
    assert_eq!(put("kudos", "d", 0, None), Put::Full(Room { keys: 4, bytes: 46 }));
    // Another application has room of its own.
    assert_eq!(put("other", "a", 99, None), Put::Stored(1));
}

#[test]
fn keys_that_come_and_go_leave_nothing_that_grows() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let put = |key: &str, expected| journal.state_put("p", &instance("kudos"), key, b"v", expected, ROOM).unwrap();
    assert_eq!(put("stays", None), Put::Stored(1));
    let mut highest = 0;
    for number in 0..200 {
        let Put::Stored(revision) = put(&format!("k{number}"), None) else { panic!("there is room") };
        // A revision that was given is never given again for another value.
        assert!(revision >= highest, "{revision} after {highest}");
        highest = revision;
        assert!(journal.state_delete("p", &instance("kudos"), &format!("k{number}"), Some(revision)).unwrap());
    }
    assert!(matches!(put("k0", None), Put::Stored(revision) if revision > 2));
    assert_eq!(put("stays", Some(1)), Put::Stored(2));
    let kept = rusqlite::Connection::open(state.path().join("journal.sqlite3")).unwrap();
    let count: u64 = kept.query_row("SELECT count(*) FROM state_revisions", [], |row| row.get(0)).unwrap();
    assert!(count <= 32, "{count}");
}
