//! Decoding of a table that has mistakes: a mistake is noted, a fitting value is put in its place, and the table is
//! decoded again, until nothing is wrong.
//!
//! A value that was put there did not come from a person, so nothing about it is ever reported: a key is not missing
//! because its value was wrong. Where that is not enough, there is no value, and nothing further is judged.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::mistakes::Mistakes;
use super::numbered::{Numbered, Renamed};
use super::reword::{About, Reworded, reword};

/// What is put in the place of a value, one after the other until one fits.
const STAND_INS: [&str; 7] = ["''", "{}", "[]", "false", "1", "'1s'", "'1MiB'"];

/// The value of the table without its mistakes, which are noted.
pub(super) fn decode<T: DeserializeOwned>(mistakes: &Mistakes<'_>, table: Spanned<DeValue<'_>>) -> Option<T> {
    let mut mended = Mended { tree: Numbered::of(table), stand_ins: BTreeMap::new(), quiet: Vec::new() };
    while let Err(error) = T::deserialize(ValueDeserializer::from(mended.tree.copy())) {
        if !mended.mend(&error, mistakes) || !mistakes.may_look_again() {
            return None;
        }
    }
    // Other parts of the file may be about what would stand there.
    if mended.tree.any_empty(&mended.stand_ins.into_keys().collect()) {
        return None;
    }
    mistakes.quieten(mended.quiet);
    T::deserialize(ValueDeserializer::from(mended.tree.with_places())).ok()
}

struct Mended<'a> {
    tree: Numbered<'a>,
    /// How many were tried, by the number of the value.
    stand_ins: BTreeMap<usize, usize>,
    /// Tables without a key that was not known, which may have been what they need, and lists with something else in
    /// them.
    quiet: Vec<Range<usize>>,
}

impl Mended<'_> {
    /// Notes what is wrong, when a person wrote it, and makes it right. False when that is not possible.
    fn mend(&mut self, error: &toml::de::Error, mistakes: &Mistakes<'_>) -> bool {
        let Reworded { message, hint, about } = reword(error.message());
        let Some(number) = error.span().map(|span| span.start) else {
            mistakes.note(0..0, message, hint);
            return false;
        };
        if let Some(place) = self.tree.place(number) {
            mistakes.note(place, message, hint);
        }
        match about {
            About::UnknownKey(meant) => match self.tree.rename(number, meant.as_deref()) {
                Renamed::NotThere => false,
                Renamed::Moved => true,
                Renamed::Removed { table } => {
                    self.quiet.extend(self.tree.place(table));
                    true
                }
            },
            About::MissingKey(key) => self.tree.add(number, &key, &text(String::new())),
            About::UnknownWord(Some(known)) => self.replace(number, &text(known)),
            About::UnknownWord(None) | About::Value => {
                let tried = self.stand_ins.entry(number).or_default();
                let next = STAND_INS.get(*tried).and_then(|written| DeValue::parse(written).ok());
                *tried += 1;
                next.is_some_and(|value| self.replace(number, value.get_ref()))
            }
        }
    }

    fn replace(&mut self, number: usize, other: &DeValue<'static>) -> bool {
        // Lists are judged as a whole.
        self.quiet.extend(self.tree.list_of(number));
        self.tree.replace(number, other)
    }
}

fn text(text: String) -> DeValue<'static> {
    DeValue::String(Cow::Owned(text))
}

#[cfg(test)]
#[path = "mend_tests.rs"]
mod tests;
