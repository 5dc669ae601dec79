//! JSON values as YAML, for people and for Docker Compose to read again.

use std::fmt::Write as _;

use serde_json::Value;

/// A value as a YAML document: mappings in blocks, keys in the order of the value, texts in quotes where another
/// reader could take them for something else.
#[must_use]
pub fn to_yaml(value: &Value) -> String {
    let mut output = String::new();
    let mut value = value.clone();
    readable(&mut value);
    match &value {
        Value::Object(_) | Value::Array(_) if !is_empty(&value) => block(&value, 0, &mut output),
        other => {
            output.push_str(&scalar(other));
            output.push('\n');
        }
    }
    output
}

/// Docker Compose writes the keys of block devices with capitals in JSON, and reads them without.
fn readable(value: &mut Value) {
    let services = value.get_mut("services").and_then(Value::as_object_mut);
    for service in services.into_iter().flat_map(|services| services.values_mut()) {
        let groups = service.get_mut("blkio_config").and_then(Value::as_object_mut);
        let lists = groups.into_iter().flat_map(|groups| groups.values_mut().filter_map(Value::as_array_mut));
        for device in lists.flatten().filter_map(Value::as_object_mut) {
            *device = std::mem::take(device).into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect();
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn block(value: &Value, indent: usize, output: &mut String) {
    match value {
        Value::Object(fields) => {
            for (index, (key, value)) in fields.iter().enumerate() {
                // The first field of an item stands beside its dash.
                if index > 0 || !output.ends_with("- ") {
                    pad(indent, output);
                }
                output.push_str(&text(key, indent));
                output.push(':');
                below(value, indent, output);
            }
        }
        Value::Array(items) => {
            for item in items {
                pad(indent, output);
                output.push('-');
                if matches!(item, Value::Object(_)) && !is_empty(item) {
                    output.push(' ');
                    block(item, indent + 2, output);
                } else {
                    below(item, indent, output);
                }
            }
        }
        _ => {}
    }
}

/// What follows a key or a dash.
fn below(value: &Value, indent: usize, output: &mut String) {
    match value {
        Value::Object(_) | Value::Array(_) if !is_empty(value) => {
            output.push('\n');
            block(value, indent + 2, output);
        }
        Value::String(value) => {
            let _ = writeln!(output, " {}", text(value, indent + 2));
        }
        other => {
            let _ = writeln!(output, " {}", scalar(other));
        }
    }
}

fn pad(indent: usize, output: &mut String) {
    output.extend(std::iter::repeat_n(' ', indent));
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Object(_) => "{}".to_owned(),
        Value::Array(_) => "[]".to_owned(),
        Value::String(value) => text(value, 0),
        other => other.to_string(),
    }
}

/// A text plain where that is safe, of several lines as a block, else in double quotes, whose escapes are JSON's.
fn text(value: &str, indent: usize) -> String {
    if is_plain(value) {
        return value.to_owned();
    }
    if is_block(value) && indent > 0 {
        let mut output = String::from(if value.ends_with('\n') { "|" } else { "|-" });
        for line in value.strip_suffix('\n').unwrap_or(value).split('\n') {
            output.push('\n');
            if !line.is_empty() {
                pad(indent, &mut output);
                output.push_str(line);
            }
        }
        return output;
    }
    Value::String(value.to_owned()).to_string()
}

/// Letters, digits and a few signs that mean nothing to YAML, and not a word or number that means something.
fn is_plain(value: &str) -> bool {
    let safe = |letter: char| letter.is_alphanumeric() || "_./$@%+=,;~^()<> -:".contains(letter);
    let first = value.chars().next().is_some_and(|letter| letter.is_alphabetic() || "/_.$".contains(letter));
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", ".nan", ".inf"];
    first
        && value.chars().all(safe)
        && !value.contains(": ")
        && !value.ends_with([' ', ':'])
        && !value.starts_with("..")
        && value.parse::<f64>().is_err()
        && !words.contains(&value.to_ascii_lowercase().as_str())
}

/// Several lines without what a block cannot hold: control characters, a blank at the beginning, blank ends.
fn is_block(value: &str) -> bool {
    value.contains('\n')
        && !value.starts_with([' ', '\t', '\n'])
        && !value.ends_with("\n\n")
        && value.chars().all(|letter| letter == '\n' || letter == '\t' || !letter.is_control())
        && value.split('\n').all(|line| line.trim_end() == line)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::to_yaml;

    #[test]
    fn keys_of_block_devices_can_be_read_again() {
        let devices = json!([{ "Path": "/dev/a", "Rate": "1" }]);
        let value = json!({ "services": { "a": { "blkio_config": { "weight": 10, "device_read_bps": devices } } } });
        let expected = "services:\n  a:\n    blkio_config:\n      weight: 10\n      device_read_bps:\n        - path: /dev/a\n          rate: \"1\"\n";
        assert_eq!(to_yaml(&value), expected);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let value = json!({
            "name": "kudos",
            "empty": {},
            "list": ["a b", "80", "yes", "- x", {"a": 1, "b": [true, null]}, [1.5], []],
            "text": "one\n  two\nthree\n",
            "last": "one\ntwo",
            "odd": " lead\ntrail ",
            "key: odd": "a: b # c",
            "tricky": ["", "#", "*a", "0x1", "1e3", "null", "~", "é", "a\u{7}", ".5", "..", "on", "@x", "a:", "{a}"],
        });
        let text = to_yaml(&value);
        let file = std::sync::Arc::from("f");
        let documents = crate::yaml::parse(&text, &file, &crate::Limits::default()).unwrap();
        assert_eq!(crate::read::json(&documents[0]), value, "{text}");
    }
}
