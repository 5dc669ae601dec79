//! Collects what is wrong with one document, so that a person sees all of it at once.
//!
//! Code that reads a document notes a mistake and goes on with whatever does not depend on it. This module does not
//! decide what is right, nor how a file with mistakes is decoded: see `mend`.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use windlass_foundation::explain::MOST_PARTS;

use super::numbered::NOWHERE;
use super::{Document, DocumentError, Mistake, mend};

/// Of more mistakes only the first so many are kept: a person mends the file, and looks again.
const MOST: usize = 50;

/// How many bytes of text are decoded again, at most, while mistakes are looked for. A file of 1 MiB is decoded some
/// thirty times.
const EFFORT: usize = 32 << 20;

/// What decoding a small file costs at least, in the same measure.
const LEAST_EFFORT: usize = 64 << 10;

/// A mistake was noted: what could not be read is not there, and the rest can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted;

/// What was read, unless a mistake was noted.
pub type Read<T> = Result<T, Noted>;

/// All of them. Each is looked at, whatever the others are.
pub fn all<T, C: FromIterator<T>>(read: impl IntoIterator<Item = Read<T>>) -> Read<C> {
    let read: Vec<Read<T>> = read.into_iter().collect();
    read.into_iter().collect()
}

/// The mistakes of a document, each once, in the order of the file.
#[derive(Debug)]
pub struct Mistakes<'d> {
    document: &'d Document,
    /// The hints, by place and message.
    found: RefCell<BTreeMap<(usize, usize, String), Option<String>>>,
    /// Places of the table that was decoded last where nothing is a mistake of its own.
    quiet: RefCell<BTreeSet<(usize, usize)>>,
    effort: Cell<usize>,
}

impl<'d> Mistakes<'d> {
    /// Creates an empty collection for a document.
    #[must_use]
    pub fn of(document: &'d Document) -> Self {
        Self { document, found: RefCell::default(), quiet: RefCell::default(), effort: Cell::default() }
    }

    /// The document that is read.
    #[must_use]
    pub fn document(&self) -> &'d Document {
        self.document
    }

    /// Notes a mistake in a place that a [`super::Spot`] or the tree gave. A mistake that follows from another one is
    /// not noted again.
    pub fn note(&self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) -> Noted {
        if span != NOWHERE && !self.quiet.borrow().contains(&(span.start, span.end)) {
            let mut found = self.found.borrow_mut();
            found.insert((span.start, span.end, message.into()), hint);
            if found.len() > MOST {
                found.pop_last();
            }
        }
        Noted
    }

    /// The typed value of a table of the document's tree. With mistakes in it, it is that of the rest, for what else
    /// there is to find; nothing where the rest is not enough to judge.
    pub fn decode<T: DeserializeOwned>(&self, table: Spanned<DeTable<'_>>) -> Read<T> {
        self.quiet.borrow_mut().clear();
        if !self.found.borrow().is_empty() {
            self.effort.update(|effort| effort + self.document.text.len());
        }
        let span = table.span();
        let value = Spanned::new(span, DeValue::Table(table.into_inner()));
        T::deserialize(ValueDeserializer::from(value.clone())).or_else(|_| mend::decode(self, value).ok_or(Noted))
    }

    /// The value when there is no mistake, and otherwise all of them.
    pub fn finish<T>(self, value: Read<T>) -> Result<T, DocumentError> {
        let found = self.found.into_inner();
        match value {
            Ok(value) if found.is_empty() => Ok(value),
            _ => {
                let mistakes = found.into_iter().enumerate().map(|(index, ((start, end, message), hint))| {
                    let mistake = Mistake::new(self.document, start..end, &message, hint);
                    if index < MOST_PARTS { mistake } else { mistake.without_line() }
                });
                Err(DocumentError::Wrong(mistakes.collect()))
            }
        }
    }

    /// Whether no more are looked for: so many were found, or looking for them took so long.
    #[must_use]
    pub fn are_enough(&self) -> bool {
        let found = self.found.borrow().len();
        found >= MOST || (found > 0 && self.effort.get() > EFFORT)
    }

    /// Whether the document may be decoded once more to look for further mistakes.
    pub(super) fn may_look_again(&self) -> bool {
        self.effort.update(|effort| effort + self.document.text.len().max(LEAST_EFFORT));
        !self.are_enough()
    }

    /// From now on, until another table is decoded, nothing in these places is a mistake of its own.
    pub(super) fn quieten(&self, places: impl IntoIterator<Item = Range<usize>>) {
        self.quiet.borrow_mut().extend(places.into_iter().map(|place| (place.start, place.end)));
    }
}
