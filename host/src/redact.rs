//! Redaction by value: every text that is written anywhere goes through here.
//!
//! Values are registered when they are resolved. A value shorter than four characters is not searched for in running
//! text, where it would blot out unrelated words; such secrets are refused when they are resolved.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use base64::Engine as _;
use serde_json::Value;

/// The shortest secret value that can be told apart from ordinary text.
pub const SHORTEST_SECRET: usize = 4;

/// Knows every secret value of this process and removes them from texts. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    /// Longest value first would be wasteful to keep sorted; replacement sorts the few that are known.
    known: Arc<RwLock<BTreeMap<String, String>>>,
}

impl Redactor {
    /// A redactor that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on `value` is written as `replacement`: a placeholder, or `[redacted:NAME]`.
    /// Its forms in JSON strings, percent-encoding and base64 are known as well.
    pub fn learn(&self, value: &str, replacement: &str) {
        if value.len() < SHORTEST_SECRET {
            return;
        }
        let mut forms = vec![value.to_owned()];
        let json = Value::String(value.to_owned()).to_string();
        forms.push(json[1..json.len() - 1].to_owned());
        forms.push(url::form_urlencoded::byte_serialize(value.as_bytes()).collect());
        forms.push(base64::engine::general_purpose::STANDARD.encode(value));
        forms.push(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value));
        let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        for form in forms {
            known.insert(form, replacement.to_owned());
        }
    }

    /// The text with every known value replaced, longer values first.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let known = self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !known.keys().any(|value| text.contains(value.as_str())) {
            return text.to_owned();
        }
        let mut values: Vec<_> = known.iter().collect();
        values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        values.into_iter().fold(text.to_owned(), |text, (value, replacement)| text.replace(value.as_str(), replacement))
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_a_value_in_all_its_forms() {
        let redactor = Redactor::new();
        redactor.learn("p\"ss word/1", "[redacted:db]");
        for form in ["p\"ss word/1", "p\\\"ss word/1", "p%22ss+word%2F1", "cCJzcyB3b3JkLzE="] {
            assert_eq!(redactor.text(&format!("<{form}>")), "<[redacted:db]>", "{form}");
        }
    }

    #[test]
    fn replaces_the_longer_of_two_values_that_overlap() {
        let redactor = Redactor::new();
        redactor.learn("secret", "[redacted:short]");
        redactor.learn("secret-longer", "[redacted:long]");
        assert_eq!(redactor.text("secret-longer secret"), "[redacted:long] [redacted:short]");
    }
}
