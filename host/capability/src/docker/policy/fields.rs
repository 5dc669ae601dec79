//! Reading JSON bodies strictly: a wrong type is a failure that names the field, never a default.

use serde_json::{Map, Value};
use windlass_domain::Failure;

use super::super::failure::failure;

/// The failure for a value of the wrong type.
pub(super) fn wrong(field: &str, expected: &str) -> Failure {
    failure("invalid-argument", format!("`{field}` must be {expected}"))
}

/// The value as an object. Fails with the field's name where it is none.
pub(super) fn object<'a>(field: &str, value: &'a Value) -> Result<&'a Map<String, Value>, Failure> {
    value.as_object().ok_or_else(|| wrong(field, "an object"))
}

/// The value as a list. Fails with the field's name where it is none.
pub(super) fn list<'a>(field: &str, value: &'a Value) -> Result<&'a [Value], Failure> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| wrong(field, "a list"))
}

/// The value as a text. Fails with the field's name where it is none.
pub(super) fn text<'a>(field: &str, value: &'a Value) -> Result<&'a str, Failure> {
    value.as_str().ok_or_else(|| wrong(field, "a text"))
}

/// A list of texts.
pub(super) fn texts<'a>(field: &str, value: &'a Value) -> Result<Vec<&'a str>, Failure> {
    list(field, value)?.iter().map(|item| text(field, item)).collect()
}

/// Whether a value says nothing: null, false, zero, or empty.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// Whether a value of a field that is not known says nothing. An empty object may: of some fields the engine only looks
/// whether they are there.
pub(super) fn is_unset(value: &Value) -> bool {
    is_nothing(value) && !value.is_object()
}

/// A value in a message.
pub(super) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
