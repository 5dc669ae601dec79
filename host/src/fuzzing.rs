//! What strangers send, taken apart as in earnest: one entry for each kind, and what must hold whatever the bytes are.
//!
//! `cargo xtask fuzz NAME` gives an entry what a fuzzer makes up. The tests give it the seeds in `host/fuzz/seeds`, and
//! every input that ever broke it. An entry panics where something doesn't hold; it is in no build that is shipped.

use std::collections::BTreeMap;

use windlass_documents::reference::Reference;

pub use crate::agent::plan_file;
pub use crate::capability::docker::docker_body;
use crate::config::Trigger;
use crate::config::sources::Source;
use crate::names;
pub use crate::plugin::guest_document;
use crate::release::document;
use crate::trigger::{self, Message};

/// Takes bytes, and panics where something doesn't hold.
pub type Entry = fn(&[u8]);

/// The entries by name: the fuzzer's targets, and directories of seeds.
pub const ENTRIES: [(&str, Entry); 6] = [
    ("docker-body", docker_body),
    ("guest-document", guest_document),
    ("plan-file", plan_file),
    ("reference", reference),
    ("release-document", release_document),
    ("trigger", trigger),
];

/// The name of an image: what is read means the same when it is written and read again.
///
/// # Panics
/// When it doesn't.
pub fn reference(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(reference) = Reference::parse(text) else { return };
    let registry = reference.registry();
    assert!(!registry.contains(['/', '@', ' ', '\\', '?', '#']), "{text:?} goes to the registry {registry:?}");
    assert!(reference.repository().chars().all(|c| c.is_ascii_graphic()), "{text:?}");
    let again = Reference::parse(&reference.repository()).ok();
    assert_eq!(again.map(|again| again.repository()), Some(reference.repository()), "{text:?}");
    let written = reference.to_string();
    assert_eq!(Reference::parse(&written).ok(), Some(reference), "{text:?} is written as {written:?}");
}

/// A release document: what is believed has only names that are names, and fits its digests.
///
/// # Panics
/// When it doesn't.
pub fn release_document(input: &[u8]) {
    match document::parse("document", input) {
        Ok(document) => assert_eq!(names::check_release(&document.release), Ok(())),
        Err(error) => assert!(error.to_string().len() < 4_000, "{error}"),
    }
}

/// An event from outside: without the secret it proves nothing, and what it puts into a command is one plain argument.
///
/// # Panics
/// When it isn't.
pub fn trigger(input: &[u8]) {
    let Ok(message) = Message::parse(input) else { return };
    let sources = Source::presets();
    assert!(sources.is_ok(), "{sources:?}");
    for (_, from) in sources.into_iter().flatten() {
        let trigger = Trigger {
            from,
            secret: "webhook".to_owned(),
            when: BTreeMap::new(),
            remember: None,
            run: vec!["--commit".to_owned(), "{commit}".to_owned(), "{branch}".to_owned()],
        };
        assert!(trigger::authenticate(&trigger, &message, "a secret that no fuzzer finds").is_err());
        let Ok(fields) = trigger::fields(&trigger, &message) else { continue };
        let wanted = trigger::unwanted(&trigger, &fields).is_none();
        let Ok(command) = trigger::command(&trigger, &fields) else { continue };
        assert!(wanted || fields.contains_key("head-repository"), "{fields:?}");
        for argument in command.iter().skip(1) {
            assert!(!argument.starts_with('-') && argument.len() <= 256, "{argument:?}");
            assert!(!argument.contains(|c: char| c.is_control() || "'\"`$;&|<>\\".contains(c)), "{argument:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::ENTRIES;

    #[test]
    fn seeds_and_what_was_ever_found_are_taken() {
        for (name, entry) in ENTRIES {
            let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name);
            let mut count = 0;
            for file in std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{name}: {error}")) {
                entry(&std::fs::read(file.unwrap().path()).unwrap());
                count += 1;
            }
            assert!(count >= 2, "{name} has {count} seeds");
        }
    }
}
