//! Events and plan files that strangers made, taken apart as in earnest: what must hold whatever the bytes are.
//!
//! `cargo xtask fuzz NAME` gives an entry what a fuzzer makes up. The tests give it the seeds in `host/fuzz/seeds`, and
//! every input that ever broke it. An entry panics where something doesn't hold; it is in no build that is shipped.

use std::collections::BTreeMap;

use windlass_config::Trigger;
use windlass_config::sources::Source;

pub use crate::agent::plan_file;
use crate::trigger::{self, Message};

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
    use super::*;

    #[test]
    fn seeds_and_what_was_ever_found_are_taken() {
        assert!(windlass_stage::seeds("plan-file", plan_file).unwrap() >= 2);
        assert!(windlass_stage::seeds("trigger", trigger).unwrap() >= 2);
    }
}
