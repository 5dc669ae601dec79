//! YAML as a tree that remembers where everything was written.
//!
//! Not a general YAML library: mapping keys are scalars, aliases are expanded at once within a budget, and merge
//! keys (`<<`) are resolved while reading, as Docker Compose's reader does. Tags are kept, for `!reset` and
//! `!override`.

mod brackets;
mod date;
mod parse;
mod scalar;

pub(crate) use parse::parse;
pub(crate) use scalar::{Resolved, Scalar};

use std::collections::HashMap;
use std::sync::Arc;

use crate::Position;
use crate::trace::Trace;

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) position: Position,
    /// `reset` for `!reset`; none for nodes without a tag and for YAML's own.
    pub(crate) tag: Option<String>,
    /// What happened to it since it was read; none for nothing.
    pub(crate) trace: Option<Arc<Trace>>,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Mapping),
}

/// Entries in the order of the file, keys unique.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Mapping {
    pub(crate) entries: Vec<Entry>,
    /// Whether it was written as a list of `KEY=value`, or merged as one. Compose treats the two differently in places.
    pub(crate) listed: bool,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) position: Position,
    pub(crate) value: Node,
}

impl Mapping {
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Entry> {
        let place = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(place))
    }

    /// Where each key stands, for many look-ups.
    pub(crate) fn places(&self) -> HashMap<String, usize> {
        self.entries.iter().enumerate().map(|(place, entry)| (entry.key.clone(), place)).collect()
    }
}

impl Node {
    pub(crate) fn new(value: Value, position: Position) -> Self {
        Self { value, position, tag: None, trace: None }
    }

    /// A text that no file holds as such: one side of a short form, say.
    pub(crate) fn text(text: impl Into<String>, position: Position) -> Self {
        Self::new(Value::Scalar(Scalar::text(text)), position)
    }

    /// What a plain scalar of these characters would be.
    pub(crate) fn plain(text: impl Into<String>, position: Position) -> Self {
        Self::new(Value::Scalar(Scalar::new(text, true)), position)
    }

    pub(crate) fn null(position: Position) -> Self {
        Self::new(Value::Scalar(Scalar::null()), position)
    }

    pub(crate) fn mapping(mapping: Mapping, position: Position) -> Self {
        Self::new(Value::Mapping(mapping), position)
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.resolve() == Resolved::Null)
    }

    pub(crate) fn as_mapping(&self) -> Option<&Mapping> {
        if let Value::Mapping(mapping) = &self.value { Some(mapping) } else { None }
    }

    pub(crate) fn as_mapping_mut(&mut self) -> Option<&mut Mapping> {
        if let Value::Mapping(mapping) = &mut self.value { Some(mapping) } else { None }
    }

    /// The text of a scalar that is not null.
    pub(crate) fn as_text(&self) -> Option<String> {
        match &self.value {
            Value::Scalar(scalar) if !self.is_null() => Some(scalar.to_text()),
            _ => None,
        }
    }

    /// Whether it says the same, wherever it was written.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Scalar(ours), Value::Scalar(theirs)) => ours.means_the_same(theirs),
            (Value::Sequence(ours), Value::Sequence(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| ours.says_the_same(theirs))
            }
            (Value::Mapping(ours), Value::Mapping(theirs)) => {
                let places = theirs.places();
                ours.entries.len() == theirs.entries.len()
                    && ours.entries.iter().all(|entry| {
                        let theirs = places.get(&entry.key).and_then(|place| theirs.entries.get(*place));
                        theirs.is_some_and(|theirs| entry.value.says_the_same(&theirs.value))
                    })
            }
            _ => false,
        }
    }

    /// How many nodes it is made of, and how many bytes of text they have.
    pub(crate) fn weight(&self) -> (usize, usize) {
        let (mut nodes, mut bytes) = (1_usize, 0_usize);
        let mut add = |(more, text): (usize, usize)| {
            nodes = nodes.saturating_add(more);
            bytes = bytes.saturating_add(text);
        };
        match &self.value {
            Value::Scalar(scalar) => add((0, scalar.written().len())),
            Value::Sequence(items) => items.iter().map(Self::weight).for_each(add),
            Value::Mapping(mapping) => {
                for entry in &mapping.entries {
                    add((0, entry.key.len()));
                    add(entry.value.weight());
                }
            }
        }
        (nodes, bytes)
    }

    /// Takes out what is marked with `!reset` below. With Docker Compose such a mark works where it is written, and an
    /// alias of what is around it stands for the rest.
    pub(crate) fn forget_resets(&mut self) {
        let stays = |node: &Self| node.tag.as_deref() != Some("reset");
        match &mut self.value {
            Value::Scalar(_) => {}
            Value::Sequence(items) => {
                items.retain(stays);
                items.iter_mut().for_each(Self::forget_resets);
            }
            Value::Mapping(mapping) => {
                mapping.entries.retain(|entry| stays(&entry.value));
                mapping.entries.iter_mut().for_each(|entry| entry.value.forget_resets());
            }
        }
    }

    /// What it is, in the words of an error.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
            Value::Scalar(scalar) => match scalar.resolve() {
                Resolved::Null => "nothing",
                Resolved::Boolean(_) => "a boolean",
                Resolved::Integer(_) => "a number",
                Resolved::Float(_) => "a number with a point",
                Resolved::Date => "a date",
                Resolved::Text => "a text",
            },
        }
    }
}
