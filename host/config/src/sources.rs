//! Trigger sources: who sends events, how a sender proves itself, and where the fields of an event are in its body.
//!
//! A source is data. Those that are built in are in `sources/presets.toml`, in the form in which an operator writes one
//! in `[trigger-sources.NAME]`; what is written is checked in `read`. No event is looked at here, and no sender is known
//! by name.

mod pattern;
mod pointer;
mod read;
pub(super) mod written;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::document::{Document, Mistakes, Read, Spot, all};
use super::resolve::{ConfigError, Reader};

pub use pattern::Pattern;
pub use pointer::Pointer;
pub use written::{Encoding, Scheme};

/// The sources that are built in.
const PRESETS: &str = include_str!("sources/presets.toml");

/// What errors call that file. No operator reads it.
const PRESETS_NAME: &str = "presets.toml";

/// The field that an event's own repository is in: what the fork rule compares the repository of the head with.
pub const REPOSITORY: &str = "repository";

/// A sender of events.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// What messages call the sender, at most 64 characters: `the Pact Broker`.
    pub title: String,
    /// How the sender proves itself.
    pub proof: Proof,
    /// Where the event's name is; none when it is a field like any other, or the events have no names.
    pub event: Option<EventName>,
    /// Where fields are. The first entry of a name that gives a value is the one that counts.
    pub fields: Vec<Field>,
    /// Whether every text and number at the top of the body is a field, too, unless `fields` has its name.
    pub top_level: bool,
    /// The field that names the repository of the branch and the commit. Where an event has it and it is not
    /// [`REPOSITORY`], the event is of a fork.
    pub head: Option<String>,
    /// How long an event is remembered.
    pub remember: Duration,
    /// Fields that say which one of its kind an event is, and how long one is remembered that has any of them.
    pub unique: Option<(Vec<String>, Duration)>,
}

/// How a sender proves itself. Names of headers are in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A header has the HMAC-SHA256 of the body with the secret.
    Signature {
        /// The header.
        header: String,
        /// What stands before the digits; it may be empty.
        prefix: String,
        /// How the digits are written.
        encoding: Encoding,
    },
    /// A header has the secret itself.
    Secret {
        /// The header.
        header: String,
    },
}

/// Where an event's name is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventName {
    /// In a header, whose name is in lower case.
    Header(String),
    /// At the first of these places of the body that has a text.
    Body(Vec<Pointer>),
}

/// One way to a field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Where its value may be, tried in this order.
    pub pointers: Vec<Pointer>,
    /// What the value must begin with, and is taken off; it may be empty.
    pub prefix: String,
    /// Without it this way leads nowhere.
    pub when: Option<Condition>,
    /// Values that count as none.
    pub absent: Option<Pattern>,
    /// Whether a number is a value, too.
    pub numbers: bool,
    /// The value when there is none and the condition holds.
    pub otherwise: Option<String>,
}

/// What must hold of an event's body.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The place that it is about.
    pub pointer: Pointer,
    /// What must be there.
    pub is: Is,
}

/// What must be at a place of a body.
#[derive(Debug, Clone, PartialEq)]
pub enum Is {
    /// Anything, `null` included.
    There,
    /// A text, a number, `true` or `false` that matches as a whole.
    Like(Pattern),
    /// What is at another place, if that is a text, a number, `true` or `false`.
    SameAs(Pointer),
}

impl Source {
    /// The sources that are built in, by name.
    pub fn presets() -> Result<BTreeMap<String, Self>, ConfigError> {
        let document = Document::from_text(PRESETS_NAME, PRESETS)?;
        let mistakes = Mistakes::of(&document);
        let reader = Reader::new(&mistakes, Path::new(""));
        let written: Read<BTreeMap<String, Spot<written::TriggerSource>>> = mistakes.decode(document.tree()?);
        let sources = written.and_then(|written| {
            all(written.iter().map(|(name, source)| Ok((name.clone(), reader.source(name, source)?))))
        });
        Ok(mistakes.finish(sources)?)
    }

    /// The title as a name, without the article that it has in a sentence.
    #[must_use]
    pub fn name(&self) -> &str {
        self.title.strip_prefix("the ").unwrap_or(&self.title)
    }
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;
