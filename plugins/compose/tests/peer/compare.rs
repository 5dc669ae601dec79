//! Where two values differ, field by field.

use serde_json::Value;

use crate::peer::differences;
use crate::peer::docker::Version;

/// One line for each field that differs and may not.
pub(crate) fn differences(version: Version, theirs: &Value, ours: &Value) -> Vec<String> {
    let may = |path: &str, theirs: Option<&Value>, ours: &Value| differences::may_differ(version, path, theirs, ours);
    let mut lines = Vec::new();
    walk("", theirs, ours, &may, &mut lines);
    lines
}

/// One line for each field that differs from what is written down.
pub(crate) fn exactly(expected: &Value, ours: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    walk("", expected, ours, &|_, _, _| false, &mut lines);
    lines
}

/// Whether a field may be otherwise with them, or missing.
type May<'a> = &'a dyn Fn(&str, Option<&Value>, &Value) -> bool;

fn walk(path: &str, theirs: &Value, ours: &Value, may: May<'_>, lines: &mut Vec<String>) {
    if theirs == ours || may(path, Some(theirs), ours) {
        return;
    }
    match (theirs, ours) {
        (Value::Object(left), Value::Object(right)) => {
            for (key, value) in left {
                match right.get(key) {
                    Some(other) => walk(&format!("{path}/{key}"), value, other, may, lines),
                    None => lines.push(format!("{path}/{key}: {value}, ours has none")),
                }
            }
            for (key, value) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
                let path = format!("{path}/{key}");
                if !may(&path, None, value) {
                    lines.push(format!("{path}: {value}, which is not expected"));
                }
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                walk(&format!("{path}/{index}"), left, right, may, lines);
            }
        }
        _ => lines.push(format!("{path}: {theirs} expected, {ours} with us")),
    }
}
