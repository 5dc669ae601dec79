//! Journals that agents of earlier formats left on a host, kept as they were: `fixtures/format-N.sqlite3.gz`.
//!
//! Whoever changes the format adds a journal of the format before, made with the agent that wrote it.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use flate2::read::GzDecoder;
use windlass_domain::Outcome;
use windlass_foundation::clock::SystemClock;
use windlass_foundation::redact::Redactor;

use super::{actor, instance, open, opened, principal, release, settled};
use crate::{Event, JOURNAL_FORMAT, Journal, Mode, Notice, Purpose, WithLine};

/// Seven deployments of `shop`: two that succeeded, one that was rolled back, one that was refused for that, one whose
/// agent was killed and that was resumed, a rollback, and one that was refused because of the pin and the freeze.
const FORMAT_4: &[u8] = include_bytes!("../../fixtures/format-4.sqlite3.gz");

fn left(directory: &Path) {
    let mut file = File::create(directory.join("journal.sqlite3")).unwrap();
    io::copy(&mut GzDecoder::new(FORMAT_4), &mut file).unwrap();
}

fn reads_as_before(journal: &Journal) {
    let verified = journal.verify().unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    assert!(verified.lines >= 73, "{}", verified.lines);
    let history = journal.history(Some(&instance("shop")), 10, Some(8)).unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|one| (one.number, one.version.as_deref().unwrap_or_default(), one.outcome.unwrap(), one.purpose))
        .collect();
    assert_eq!(
        told,
        [
            (7, "3333333", Outcome::Refused, Purpose::Deploy),
            (6, "2222222", Outcome::Succeeded, Purpose::Rollback),
            (5, "dead000", Outcome::Succeeded, Purpose::Deploy),
            (4, "bad0000", Outcome::Refused, Purpose::Deploy),
            (3, "bad0000", Outcome::RolledBack, Purpose::Deploy),
            (2, "2222222", Outcome::Succeeded, Purpose::Deploy),
            (1, "1111111", Outcome::Succeeded, Purpose::Deploy),
        ]
    );
    for one in &history {
        let shown = journal.show(&one.id).unwrap().unwrap();
        assert_eq!(shown.state.outcome(), one.outcome, "{}", one.id);
        assert_eq!(shown.state.resumed, u32::from(one.number == 5), "{}", one.id);
    }
    for one in &history {
        assert_eq!(journal.asked_by(&one.id).unwrap(), None, "its lines have the name alone");
    }
    assert_eq!(journal.quarantine(&instance("shop")).unwrap()[0].version, "bad0000");
    let pin = journal.pin(&instance("shop")).unwrap().unwrap();
    assert_eq!((pin.version.as_str(), pin.actor.proof), ("1111111", None));
    assert_eq!(journal.freeze(&instance("shop")).unwrap().unwrap().reason, "the sale");
    assert_eq!(journal.undelivered(&instance("shop")).unwrap(), []);
}

#[test]
fn a_journal_of_format_4_is_read_as_it_is_and_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    left(directory.path());
    let before = fs::read(directory.path().join("journal.sqlite3")).unwrap();
    let reader = Journal::open(directory.path(), Mode::Read, Arc::new(SystemClock), Redactor::new()).unwrap();
    reads_as_before(&reader);
    assert_eq!(reader.running(&instance("shop")).unwrap().unwrap().release.version, "2222222");
    assert_eq!(reader.store().format(), 4, "a reader changes nothing");
    drop(reader);
    assert_eq!(fs::read(directory.path().join("journal.sqlite3")).unwrap(), before);

    let journal = open(directory.path());
    assert_eq!(journal.store().format(), JOURNAL_FORMAT);
    reads_as_before(&journal);
    let mut state = journal.begin("d8", |number| opened(number, "shop")).unwrap();
    assert_eq!(state.number, 8);
    journal.append(&mut state, &Event::Resolved { release: release("v8") }, &WithLine::default()).unwrap();
    journal.append(&mut state, &settled(Outcome::Refused), &WithLine::default()).unwrap();
    journal.append(&mut state, &Event::Closed, &WithLine::default()).unwrap();
    // What proves who asked is in lines of today, and changes nothing that follows from a line.
    assert_eq!(journal.asked_by("d8").unwrap(), Some(principal("tester")));
    journal.note(&instance("shop"), &Notice::Frozen { actor: actor("ada"), reason: "the sale".to_owned() }).unwrap();
    assert_eq!(journal.freeze(&instance("shop")).unwrap().unwrap().actor, actor("ada"));
    drop(journal);
    reads_as_before(&open(directory.path()));
}
