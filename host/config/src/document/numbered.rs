//! A file's tree in which every key and every value has a number in place of its position.
//!
//! Positions are not unique: the tables `a` and `a.b` of a heading `[a.b]` share theirs. Numbers are unique, so an
//! error of the TOML library identifies exactly one key or value. The positions are kept beside the tree, and put back
//! at the end.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The place of what no person wrote: behind every file.
pub(super) const NOWHERE: Range<usize> = usize::MAX..usize::MAX;

type Value<'a> = Spanned<DeValue<'a>>;

/// What became of a key.
pub(super) enum Renamed {
    /// There is no such key.
    NotThere,
    /// It is gone from this table.
    Removed { table: usize },
    /// Its value is under another key.
    Moved,
}

/// A tree with numbers.
pub(super) struct Numbered<'a> {
    root: Value<'a>,
    /// By number; none for what no person wrote.
    places: Vec<Option<Range<usize>>>,
}

impl<'a> Numbered<'a> {
    pub(super) fn of(root: Value<'a>) -> Self {
        let mut places = Vec::new();
        let root = renumber(root, &mut |place| {
            places.push(Some(place));
            let number = places.len() - 1;
            number..number
        });
        Self { root, places }
    }

    /// A copy to decode.
    pub(super) fn copy(&self) -> Value<'a> {
        self.root.clone()
    }

    /// Where a person wrote it.
    pub(super) fn place(&self, number: usize) -> Option<Range<usize>> {
        self.places.get(number).cloned().flatten()
    }

    /// Where the list is that a value stands in.
    pub(super) fn list_of(&mut self, number: usize) -> Option<Range<usize>> {
        let mut list = None;
        visit(&mut self.root, &mut |value| {
            let found =
                value.get_ref().as_array().is_some_and(|items| items.iter().any(|item| number_of(item) == number));
            if found {
                list = Some(number_of(value));
            }
            found
        });
        self.place(list?)
    }

    /// Puts something else where a value is. False when there is no such value.
    pub(super) fn replace(&mut self, number: usize, other: &DeValue<'a>) -> bool {
        if let Some(place) = self.places.get_mut(number) {
            *place = None;
        }
        visit(&mut self.root, &mut |value| {
            let found = number_of(value) == number;
            if found {
                *value.get_mut() = other.clone();
            }
            found
        })
    }

    /// Adds a key to a table. False when there is no such table.
    pub(super) fn add(&mut self, table: usize, key: &str, other: &DeValue<'a>) -> bool {
        let number = self.places.len();
        self.places.extend([None, None]);
        visit(&mut self.root, &mut |value| {
            let found = number_of(value) == table;
            match value.get_mut() {
                DeValue::Table(fields) if found => {
                    let key = Spanned::new(number..number, key.to_owned().into());
                    fields.insert(key, Spanned::new(number + 1..number + 1, other.clone()));
                    true
                }
                _ => false,
            }
        })
    }

    /// Takes a key out of its table, and puts its value under another key where one is given that is not there yet:
    /// that no person wrote.
    pub(super) fn rename(&mut self, key: usize, other: Option<&str>) -> Renamed {
        let mut renamed = Renamed::NotThere;
        let mut moved = Vec::new();
        visit(&mut self.root, &mut |value| {
            let table = number_of(value);
            let DeValue::Table(fields) = value.get_mut() else { return false };
            let Some(wrong) = fields.keys().find(|name| name.span().start == key).cloned() else { return false };
            renamed = Renamed::Removed { table };
            if let (Some(value), Some(other)) = (fields.remove(&wrong), other)
                && !fields.contains_key(other)
            {
                let unwritten = renumber(value, &mut |number| {
                    moved.push(number.start);
                    number
                });
                fields.insert(Spanned::new(key..key, other.to_owned().into()), unwritten);
                renamed = Renamed::Moved;
            }
            true
        });
        for number in moved {
            if let Some(place) = self.places.get_mut(number) {
                *place = None;
            }
        }
        renamed
    }

    /// Whether one of these values is a list or a table with nothing in it.
    pub(super) fn any_empty(&mut self, values: &BTreeSet<usize>) -> bool {
        visit(&mut self.root, &mut |value| {
            let empty = match value.get_ref() {
                DeValue::Table(fields) => fields.is_empty(),
                DeValue::Array(items) => items.is_empty(),
                _ => false,
            };
            empty && values.contains(&number_of(value))
        })
    }

    /// The tree with its places.
    pub(super) fn with_places(self) -> Value<'a> {
        let places = self.places;
        renumber(self.root, &mut |number| places.get(number.start).cloned().flatten().unwrap_or(NOWHERE))
    }
}

fn number_of(value: &Value<'_>) -> usize {
    value.span().start
}

/// Looks at a value and all that is in it, until `found` says so. The parser bounds the depth.
fn visit<'a>(value: &mut Value<'a>, found: &mut dyn FnMut(&mut Value<'a>) -> bool) -> bool {
    if found(value) {
        return true;
    }
    match value.get_mut() {
        DeValue::Table(fields) => fields.iter_mut().any(|(_, value)| visit(value, found)),
        DeValue::Array(items) => items.iter_mut().any(|value| visit(value, found)),
        _ => false,
    }
}

fn renumber<'a>(value: Value<'a>, number: &mut dyn FnMut(Range<usize>) -> Range<usize>) -> Value<'a> {
    let here = number(value.span());
    let value = match value.into_inner() {
        DeValue::Table(fields) => {
            let fields = fields.into_iter().map(|(key, value)| {
                let key = Spanned::new(number(key.span()), key.into_inner());
                (key, renumber(value, number))
            });
            DeValue::Table(fields.collect::<DeTable<'a>>())
        }
        DeValue::Array(items) => DeValue::Array(items.into_iter().map(|item| renumber(item, number)).collect()),
        other => other,
    };
    Spanned::new(here, value)
}
