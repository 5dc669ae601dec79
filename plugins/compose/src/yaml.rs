//! YAML as a tree that remembers where everything was written.
//!
//! Not a general YAML library: mapping keys are scalars, aliases are expanded at once within a budget, and merge
//! keys (`<<`) are resolved while reading, as Docker Compose's reader does. Tags are kept, for `!reset` and
//! `!override`.

mod parse;
mod scalar;

pub(crate) use parse::parse;
pub(crate) use scalar::{Resolved, Scalar};

use crate::Position;

/// A node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) position: Position,
    /// `reset` for `!reset`; none for nodes without a tag and for YAML's own.
    pub(crate) tag: Option<String>,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Scalar(Scalar),
    Sequence(Vec<Node>),
    Mapping(Mapping),
}

/// Entries in the order of the file, keys unique.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Mapping {
    pub(crate) entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
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
}

impl Node {
    /// A text that no file holds as such: one side of a short form, say.
    pub(crate) fn text(text: impl Into<String>, position: Position) -> Self {
        Self { value: Value::Scalar(Scalar::text(text)), position, tag: None }
    }

    pub(crate) fn null(position: Position) -> Self {
        Self { value: Value::Scalar(Scalar::null()), position, tag: None }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.resolve() == Resolved::Null)
    }

    pub(crate) fn as_mapping(&self) -> Option<&Mapping> {
        if let Value::Mapping(mapping) = &self.value { Some(mapping) } else { None }
    }

    /// What it is, in the words of an error.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
            Value::Scalar(scalar) => match scalar.resolve() {
                Resolved::Null => "nothing",
                Resolved::Boolean(_) => "a boolean",
                Resolved::Integer(_) | Resolved::Float(_) => "a number",
                Resolved::Text => "a text",
            },
        }
    }
}
