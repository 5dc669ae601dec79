//! Where two values differ, field by field.

use serde_json::Value;

use crate::peer::differences;

/// One line for each field that differs and may not.
pub(crate) fn differences(theirs: &Value, ours: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    walk("", theirs, ours, &mut lines);
    lines
}

fn walk(path: &str, theirs: &Value, ours: &Value, lines: &mut Vec<String>) {
    if theirs == ours || differences::may_differ(path) {
        return;
    }
    match (theirs, ours) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, value) in left {
                match right.get(key) {
                    Some(other) => walk(&format!("{path}/{key}"), value, other, lines),
                    None => missing(&format!("{path}/{key}"), value, "ours has none", lines),
                }
            }
            for (key, value) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
                missing(&format!("{path}/{key}"), value, "which is not expected", lines);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                walk(&format!("{path}/{index}"), left, right, lines);
            }
        }
        _ => lines.push(format!("{path}: {theirs} expected, {ours} with us")),
    }
}

fn missing(path: &str, value: &Value, who: &str, lines: &mut Vec<String>) {
    if !differences::may_differ(path) {
        lines.push(format!("{path}: {value}, {who}"));
    }
}
