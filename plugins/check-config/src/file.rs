//! What a configuration file says: its values with their places, or why it cannot be read.

use std::collections::BTreeMap;

use windlass_compose::{env_settings, yaml_settings};
use windlass_sdk::prelude::*;

use crate::config::Format;

/// A value of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// A variable's name, a JSON pointer, or nothing for a line of text.
    pub(crate) name: String,
    /// Its text; none for null.
    pub(crate) value: Option<String>,
    /// `FILE:LINE:COLUMN`, or the file where that is all that is known.
    pub(crate) place: String,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) settings: Vec<Setting>,
    /// Variables in values that are set nowhere.
    pub(crate) unset: Vec<String>,
}

/// Reads a file; the error is a text for people that begins with `FILE:LINE:COLUMN`.
pub(crate) fn read(
    text: &str,
    path: &str,
    format: Format,
    variables: &BTreeMap<String, String>,
) -> std::result::Result<Read, String> {
    let ours = |setting: windlass_compose::Setting| Setting {
        place: setting.position.to_string(),
        name: setting.name,
        value: setting.value,
    };
    match format {
        Format::Env => {
            let (settings, unset) = env_settings(text, path, variables).map_err(|problem| problem.to_string())?;
            Ok(Read { settings: settings.into_iter().map(ours).collect(), unset })
        }
        Format::Yaml => {
            let settings = yaml_settings(text, path).map_err(|problem| problem.to_string())?;
            Ok(Read { settings: settings.into_iter().map(ours).collect(), unset: Vec::new() })
        }
        Format::Toml => {
            let table: toml::Table = toml::from_str(text).map_err(|error| {
                let place = error.span().map(|span| at(text, span.start)).unwrap_or_default();
                format!("{path}{place}: not valid TOML: {}", error.message())
            })?;
            let value = serde_json::to_value(table).map_err(|error| format!("{path}: {error}"))?;
            Ok(gathered(&value, path))
        }
        Format::Json => {
            let value: Value = serde_json::from_str(text).map_err(|error| {
                let why = error.to_string();
                let why = why.rsplit_once(" at line ").map_or(why.as_str(), |(why, _)| why).to_owned();
                format!("{path}:{}:{}: not valid JSON: {why}", error.line(), error.column())
            })?;
            Ok(gathered(&value, path))
        }
        Format::Text => {
            let settings = text.lines().enumerate().map(|(index, line)| Setting {
                name: String::new(),
                value: Some(line.to_owned()),
                place: format!("{path}:{}", index + 1),
            });
            Ok(Read { settings: settings.collect(), unset: Vec::new() })
        }
    }
}

/// `:LINE:COLUMN` of a byte.
fn at(text: &str, byte: usize) -> String {
    let before = text.get(..byte).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(":{line}:{column}")
}

fn gathered(value: &Value, path: &str) -> Read {
    let mut settings = Vec::new();
    gather(value, "", path, &mut settings);
    Read { settings, unset: Vec::new() }
}

fn gather(value: &Value, pointer: &str, path: &str, settings: &mut Vec<Setting>) {
    let mut put = |value: Option<String>| {
        settings.push(Setting { name: pointer.to_owned(), value, place: path.to_owned() });
    };
    match value {
        Value::Null => put(None),
        Value::String(text) => put(Some(text.clone())),
        Value::Bool(_) | Value::Number(_) => put(Some(value.to_string())),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                gather(item, &format!("{pointer}/{index}"), path, settings);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                gather(value, &format!("{pointer}/{name}"), path, settings);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, path: &str, format: Format) -> std::result::Result<Vec<String>, String> {
        let read = read(text, path, format, &BTreeMap::new())?;
        Ok(read.settings.into_iter().map(|one| format!("{} {}={:?}", one.place, one.name, one.value)).collect())
    }

    #[test]
    fn every_format_comes_apart() {
        assert_eq!(told("A=1\n", ".env", Format::Env).unwrap(), [".env:1:1 A=Some(\"1\")"]);
        assert_eq!(told("a:\n  b: ~\n", "a.yaml", Format::Yaml).unwrap(), ["a.yaml:2:6 /a/b=None"]);
        assert_eq!(told("[a]\nb = [1]\n", "a.toml", Format::Toml).unwrap(), ["a.toml /a/b/0=Some(\"1\")"]);
        assert_eq!(told("{\"a/b\": true}", "a.json", Format::Json).unwrap(), ["a.json /a~1b=Some(\"true\")"]);
        assert_eq!(told("x\ny", "a.conf", Format::Text).unwrap()[1], "a.conf:2 =Some(\"y\")");
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for (text, path, format, expected) in [
            ("A=1\nB C=2\n", ".env", Format::Env, ".env:2:"),
            ("a: 1\nb: [\n", "a.yaml", Format::Yaml, "a.yaml:3:"),
            ("a = 1\na = 2\n", "a.toml", Format::Toml, "a.toml:2:1: not valid TOML: "),
            ("{\n \"a\": ,\n}", "a.json", Format::Json, "a.json:2:7: not valid JSON: expected value"),
        ] {
            let problem = told(text, path, format).unwrap_err();
            assert!(problem.starts_with(expected), "{problem}");
        }
    }
}
