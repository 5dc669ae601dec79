//! What is asked of the journal: finding deployments, logs, values of plugins.

use super::{deploy, open};
use crate::journal::Error;
use crate::progress::Level;

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
    assert_eq!(journal.running("kudos").unwrap().unwrap().release.version, "v3");
    let kept: Vec<_> = journal.kept_releases("kudos", 2).unwrap().into_iter().map(|release| release.version).collect();
    assert_eq!(kept, ["v3", "v2"]);
    let resolved = journal.resolved_releases("kudos", 200).unwrap();
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
    let put = |value: &[u8], expected| journal.state_put("p", "kudos", "k", value, expected).unwrap();
    assert_eq!(put(b"one", None), Some(1));
    assert_eq!(put(b"two", None), None);
    assert_eq!(put(b"two", Some(1)), Some(2));
    assert_eq!(journal.state_get("p", "kudos", "k").unwrap().unwrap().value, b"two");
    assert!(journal.state_get("p", "other", "k").unwrap().is_none());
    assert!(!journal.state_delete("p", "kudos", "k", Some(1)).unwrap());
    assert!(journal.state_delete("p", "kudos", "k", Some(2)).unwrap());
    assert!(journal.state_delete("p", "kudos", "k", None).unwrap());
    // It goes on counting.
    assert_eq!(put(b"new", None), Some(4));
    assert_eq!(journal.state_keys("p", "kudos", "").unwrap(), ["k"]);
    assert!(journal.state_keys("p", "kudos", "K").unwrap().is_empty());
}
