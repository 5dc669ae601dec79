//! Redaction by value: every text that is written anywhere goes through here.
//!
//! Values are registered when they are resolved. A value is found as it is, in either case of its letters, and in the
//! forms that honest programs write values in: escaped as in JSON, addresses, HTML and shells, one in the other up to
//! three times; in base64, at any place of a longer text; in hexadecimal digits; with other line ends and indents; and
//! line by line. A value that a program transforms on purpose is not found: no redactor can find that.
//!
//! A value shorter than four characters is not searched for in running text, where it would blot out unrelated words,
//! nor in documents and headers, where the same word may be a name, a version or a number of seconds. It is replaced
//! where it is a whole line of a log ([`Redactor::whole`]). A user who runs a plan or `doctor` gets the name of its
//! secret.
//!
//! A text is redacted before it is cut. Where only a part of a text is there, [`Redactor::beginning`] and
//! [`Redactor::end`] also hide the part of a value that the cut left.

mod forms;
mod layers;
mod search;
mod stream;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use search::Matcher;
pub use stream::Filter;

/// The length, in characters, from which a secret value can be distinguished from ordinary text.
pub const SHORTEST_SECRET: usize = 4;

/// Whether a value is too short to be searched for.
#[must_use]
pub fn is_short(value: &str) -> bool {
    value.chars().count() < SHORTEST_SECRET
}

/// Larger texts are searched piece by piece, so that memory stays small.
const PIECE: usize = 1 << 20;

/// Knows every secret value of this process and removes them from texts. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<Known>>,
}

#[derive(Default)]
struct Known {
    /// Values, and what is written instead.
    values: BTreeMap<String, String>,
    /// The same for values that are too short to be searched for.
    short: BTreeMap<String, String>,
    /// Made when it is first needed after a value was learnt.
    matcher: Option<Arc<Matcher>>,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.values.values()).finish()
    }
}

impl Redactor {
    /// A redactor that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on `value` is written as `replacement`, a placeholder or `[redacted:NAME]`, in all its forms.
    pub fn learn(&self, value: &str, replacement: &str) {
        if value.is_empty() {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if is_short(value) {
            known.short.insert(value.to_owned(), replacement.to_owned());
            return;
        }
        let before = known.values.insert(value.to_owned(), replacement.to_owned());
        if before.as_deref() != Some(replacement) {
            known.matcher = None;
        }
    }

    /// The text with every known value replaced.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let Some(matcher) = self.matcher() else { return text.to_owned() };
        if text.len() > PIECE {
            let mut filter = Filter::new(matcher);
            let mut clean = Vec::with_capacity(text.len());
            for piece in text.as_bytes().chunks(PIECE) {
                filter.push(piece, &mut clean);
            }
            filter.finish(&mut clean);
            return words(clean);
        }
        match search::replace(&matcher, text.as_bytes()) {
            Some(clean) => words(clean),
            None => text.to_owned(),
        }
    }

    /// A line of a log: as [`Redactor::text`], and a value that is too short to be searched for is replaced when it is all
    /// of the line.
    #[must_use]
    pub fn whole(&self, text: &str) -> String {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(replacement) = known.short.get(text.trim()) {
            return replacement.clone();
        }
        drop(known);
        self.text(text)
    }

    /// A text whose end was cut off, with every known value replaced. What could be the beginning of one is left out at
    /// its end.
    #[must_use]
    pub fn beginning(&self, text: &str) -> String {
        let Some(matcher) = self.matcher() else { return text.to_owned() };
        let mut filter = Filter::new(matcher);
        let mut clean = Vec::with_capacity(text.len());
        for piece in text.as_bytes().chunks(PIECE) {
            filter.push(piece, &mut clean);
        }
        words(clean)
    }

    /// A text whose beginning was cut off, with every known value replaced, and what could be the end of one at its
    /// beginning.
    #[must_use]
    pub fn end(&self, text: &str) -> String {
        let Some(matcher) = self.matcher() else { return text.to_owned() };
        let left = matcher.left_of_a_cut(text.as_bytes());
        let clean = self.text(text.get(left..).unwrap_or_default());
        if left > 0 { format!("{}{clean}", search::PART) } else { clean }
    }

    /// What removes values from a stream; none while no value is known.
    #[must_use]
    pub fn filter(&self) -> Option<Filter> {
        self.matcher().map(Filter::new)
    }

    /// Bytes that may not be text, with every known value replaced.
    #[must_use]
    pub fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        self.matcher().and_then(|matcher| search::replace(&matcher, bytes)).unwrap_or_else(|| bytes.to_owned())
    }

    /// The document with every known value replaced in all its strings and keys.
    #[must_use]
    pub fn json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.json(item)).collect()),
            Value::Object(fields) => {
                Value::Object(fields.iter().map(|(key, value)| (self.text(key), self.json(value))).collect())
            }
            other => other.clone(),
        }
    }

    fn matcher(&self) -> Option<Arc<Matcher>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if known.values.is_empty() {
            return None;
        }
        if let Some(matcher) = &known.matcher {
            return Some(Arc::clone(matcher));
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let matcher = Arc::new(Matcher::new(&known.values));
        known.matcher = Some(Arc::clone(&matcher));
        Some(matcher)
    }
}

/// What was text is text again: values and what stands for them are.
fn words(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests;
