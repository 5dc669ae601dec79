//! TOML files of people: bounded reading, and errors that point at file, line and column, all at once.
//!
//! `agent.toml` and `release.toml` are both read through here: a [`Document`] is the text and its name, `decode` makes
//! a typed value of it, [`Spot`] keeps the place of a value for what is found out later, and [`Mistakes`] collects what
//! is wrong. What the keys mean is not known here.

mod error;
mod mend;
mod mistakes;
mod numbered;
mod reword;

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::Read as _;
use std::ops::{Deref, Range};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub use error::{DocumentError, Mistake};
pub use mistakes::{Mistakes, Noted, Read, all};

use reword::{Reworded, reword};

/// The largest TOML file that is read: 1 MiB.
pub const DOCUMENT_LIMIT: u64 = 1 << 20;

/// The longest excerpt of a file that is repeated in an error, in characters.
const EXCERPT: usize = 1_200;

/// A place in a file, counted from 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named.
    pub path: PathBuf,
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

/// A TOML file's name and text, not yet understood.
#[derive(Debug, Clone)]
pub struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    /// Reads a file of at most [`DOCUMENT_LIMIT`] bytes of UTF-8. Never blocks on a pipe and never reads a device.
    pub fn read(path: &Path) -> Result<Self, DocumentError> {
        let unreadable = |source| DocumentError::Unreadable { path: path.to_owned(), source };
        let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
        let file = OpenOptions::new().read(true).custom_flags(nonblock).open(path).map_err(unreadable)?;
        if !file.metadata().map_err(unreadable)?.is_file() {
            return Err(DocumentError::NotAFile { path: path.to_owned() });
        }
        let mut bytes = Vec::new();
        file.take(DOCUMENT_LIMIT + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        Self::from_bytes(path, bytes)
    }

    /// A document from bytes that came from elsewhere, a bundle say; `path` is what errors call it.
    pub fn from_bytes(path: impl Into<PathBuf>, bytes: Vec<u8>) -> Result<Self, DocumentError> {
        let path = path.into();
        if bytes.len() as u64 > DOCUMENT_LIMIT {
            return Err(DocumentError::TooLarge { path, limit: DOCUMENT_LIMIT });
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { path, text }),
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(&error.as_bytes()[..good]).into_owned();
                Err(Self { path, text }.wrong(good..good, "not UTF-8 text", None))
            }
        }
    }

    /// A document from text.
    pub fn from_text(path: impl Into<PathBuf>, text: impl Into<String>) -> Result<Self, DocumentError> {
        Self::from_bytes(path, text.into().into_bytes())
    }

    /// What errors call the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The typed value of the whole file. Types use `#[serde(deny_unknown_fields)]`; an unknown key is then an error
    /// that lists the known ones and the nearest.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, DocumentError> {
        let mistakes = Mistakes::of(self);
        let value = mistakes.decode(self.tree()?);
        mistakes.finish(value)
    }

    /// The file as tables and values with their places, for what is merged before it is decoded.
    /// All places of the tree are byte ranges of this document.
    pub fn tree(&self) -> Result<Spanned<DeTable<'_>>, DocumentError> {
        // An error of the grammar makes what follows it unreliable, so it is the only error that is reported.
        DeTable::parse(&self.text).map_err(|error| {
            let Reworded { message, hint, .. } = reword(error.message());
            self.wrong(error.span().unwrap_or(0..0), &message, hint)
        })
    }

    /// An error about a single place, which leaves nothing else to find.
    fn wrong(&self, span: Range<usize>, message: &str, hint: Option<String>) -> DocumentError {
        DocumentError::Wrong(vec![Mistake::new(self, span, message, hint)])
    }

    /// Line and column of a byte offset.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line = before.split('\n').count();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Place { path: self.path.clone(), line, column }
    }

    /// The byte range of the value at a path of keys, or of the nearest table on the way there; array positions are
    /// written as numbers. For errors of later validation, a JSON Schema's say.
    #[must_use]
    pub fn locate<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Range<usize> {
        self.find(keys).1
    }

    /// The same, and how many of the keys lead there.
    #[must_use]
    pub fn find<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> (usize, Range<usize>) {
        let (known, _, value) = self.follow(keys);
        (known, value)
    }

    /// The byte range of the last of the keys that lead somewhere, and how many do; of an array's item that of the value.
    #[must_use]
    pub fn find_key<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> (usize, Range<usize>) {
        let (known, key, _) = self.follow(keys);
        (known, key)
    }

    /// How many of the keys lead somewhere, and where the last of them and its value are.
    fn follow<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> (usize, Range<usize>, Range<usize>) {
        let Ok(tree) = self.tree() else { return (0, 0..0, 0..0) };
        let (mut known, mut at, mut span) = (0, tree.span(), tree.span());
        let mut here = DeValue::Table(tree.into_inner());
        for key in keys {
            let next = match here {
                DeValue::Table(table) => {
                    table.into_iter().find(|(name, _)| name.get_ref() == key).map(|(name, value)| (name.span(), value))
                }
                DeValue::Array(items) => {
                    let item = key.parse::<usize>().ok().and_then(|index| items.into_iter().nth(index));
                    item.map(|item| (item.span(), item))
                }
                _ => None,
            };
            let Some((name, next)) = next else { break };
            (known, at, span) = (known + 1, name, next.span());
            here = next.into_inner();
        }
        (known, at, span)
    }
}

/// A value and its place in the document that it was decoded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the document.
    pub span: Range<usize>,
}

impl<T> Deref for Spot<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spot<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        Ok(Self { span: spanned.span(), value: spanned.into_inner() })
    }
}

impl<T: JsonSchema> JsonSchema for Spot<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// The known word nearest to a mistyped word, where one is close enough.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Words as long as a hostile file can make them would cost quadratic time.
    if word.len() > 64 {
        return None;
    }
    let allowed = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Text of a file as it may be shown: short, and without control characters, which could steer a terminal.
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == EXCERPT {
            shown.push('…');
            break;
        }
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
