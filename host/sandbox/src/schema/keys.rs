//! The keys of a `with` table as its schema has them: to compare two versions of a plugin, and to find names in a table.
//!
//! The schema comes from outside and was measured when its plugin was admitted; here the walk has limits of its own. It
//! judges no table.

use std::collections::{BTreeMap, HashSet};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The most keys that are told.
const KEYS: usize = 2_000;
/// The most subschemas that are looked at.
const LOOKS: usize = 20_000;
/// How deep keys are followed: a schema may hold itself.
const DEPTH: usize = 12;
/// The longest key, and the longest text of a key's own, in bytes; longer ones are left out.
const LONGEST_NAME: usize = 128;
const LONGEST_TEXT: usize = 2_048;

/// The part of a path that stands for each key of a table that the schema does not name.
pub const ANY: &str = "*";
/// The part of a path that stands for each element of a list.
pub const EACH: &str = "[]";

/// A key of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key {
    /// Whether the table that it is in must have it.
    pub required: bool,
    /// The `format` of its text: `uri`, `secret-name`, `revealed-secret-name`, `command-name` are known.
    pub format: Option<String>,
    /// Its text where the table does not have it.
    pub default: Option<String>,
}

/// Every key of a table, by its path: `requests`, `[]` and `url` say. Of one that several alternatives have, what any of them
/// says counts.
#[must_use]
pub fn keys(schema: &Value) -> BTreeMap<Vec<String>, Key> {
    let mut keys: BTreeMap<Vec<String>, Key> = BTreeMap::new();
    let (mut todo, mut seen, mut looks) = (vec![(Vec::new(), schema, true)], HashSet::new(), 0_usize);
    while let Some((path, here, is_certain)) = todo.pop() {
        looks += 1;
        let Value::Object(here) = here else { continue };
        if looks > LOOKS || keys.len() >= KEYS || path.len() > DEPTH {
            continue;
        }
        if !seen.insert((path.clone(), std::ptr::from_ref(here).addr())) {
            continue;
        }
        if !path.is_empty() {
            let key = keys.entry(path.clone()).or_default();
            let text = |word: &str| {
                let text = here.get(word).and_then(Value::as_str).filter(|text| text.len() <= LONGEST_TEXT);
                text.map(str::to_owned)
            };
            key.format = key.format.take().or_else(|| text("format"));
            key.default = key.default.take().or_else(|| text("default"));
        }
        todo.extend(all_of(here, schema).map(|other| (path.clone(), other, is_certain)));
        let others = one_of(here);
        // What one of several needs, the table may do without.
        let is_only = is_certain && others.len() < 2;
        todo.extend(others.into_iter().map(|other| (path.clone(), other, is_only)));
        let required = here.get("required").and_then(Value::as_array);
        let properties = here.get("properties").and_then(Value::as_object).into_iter().flatten();
        for (name, key) in properties.filter(|(name, _)| name.len() <= LONGEST_NAME) {
            let path = [&path[..], std::slice::from_ref(name)].concat();
            let is_required = is_certain && required.is_some_and(|all| all.iter().any(|one| one == name.as_str()));
            keys.entry(path.clone()).or_default().required |= is_required;
            todo.push((path, key, true));
        }
        let below = |part: &str| [&path[..], &[part.to_owned()]].concat();
        let others = here.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::values);
        todo.extend(here.get("additionalProperties").into_iter().chain(others).map(|other| (below(ANY), other, true)));
        todo.extend(here.get("items").map(|items| (below(EACH), items, true)));
    }
    keys
}

/// The other schemas that hold for the same value.
fn all_of<'a>(here: &'a Map<String, Value>, root: &'a Value) -> impl Iterator<Item = &'a Value> {
    let reference = here.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    let target = reference.and_then(|pointer| root.pointer(&percent_decode_str(pointer).decode_utf8_lossy()));
    target.into_iter().chain(here.get("allOf").and_then(Value::as_array).into_iter().flatten())
}

/// Those of which one holds. Nothing at all is none of them: it is how an optional value is written.
fn one_of(here: &Map<String, Value>) -> Vec<&Value> {
    let all = ["anyOf", "oneOf"].into_iter().filter_map(|word| here.get(word)?.as_array()).flatten();
    all.filter(|other| other.get("type").and_then(Value::as_str) != Some("null")).collect()
}

/// The values of a table at a path.
#[must_use]
pub fn at<'a>(table: &'a Value, path: &[String]) -> Vec<&'a Value> {
    path.iter().fold(vec![table], |found, part| {
        found
            .into_iter()
            .flat_map(|value| match (part.as_str(), value) {
                (EACH, Value::Array(items)) => items.iter().collect(),
                (ANY, Value::Object(fields)) => fields.values().collect(),
                (name, value) => value.get(name).into_iter().collect::<Vec<_>>(),
            })
            .collect()
    })
}

/// A path as people write it: `requests[].url`.
#[must_use]
pub fn dotted(path: &[String]) -> String {
    path.iter().fold(String::new(), |text, part| match part.as_str() {
        EACH => text + EACH,
        part if text.is_empty() => part.to_owned(),
        part => format!("{text}.{part}"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_found_in_lists_tables_and_alternatives() {
        let schema = json!({
            "properties": {
                "broker": { "$ref": "#/$defs/Broker" },
                "steps": { "type": "array", "items": { "anyOf": [{ "$ref": "#/$defs/Step" }, { "type": "null" }] } },
                "headers": { "additionalProperties": { "type": "string", "format": "secret-name" } },
            },
            "required": ["broker"],
            "$defs": {
                "Broker": { "properties": { "url": { "format": "uri", "default": "https://a" } }, "required": ["url"] },
                "Step": { "oneOf": [{ "properties": { "a": {} }, "required": ["a"] }, {}], "properties": { "run": { "format": "command-name" }, "next": { "$ref": "#/$defs/Step" } } },
            },
        });
        let keys = keys(&schema);
        let told = |path: &str| keys.iter().find(|(parts, _)| dotted(parts) == path).map(|(_, key)| key.clone());
        let key = |required, format: &str, default: Option<&str>| {
            Some(Key { required, format: Some(format.to_owned()), default: default.map(str::to_owned) })
        };
        assert_eq!(told("broker"), Some(Key { required: true, ..Key::default() }));
        assert_eq!(told("broker.url"), key(true, "uri", Some("https://a")));
        assert_eq!(told("steps[].run"), key(false, "command-name", None));
        assert_eq!(told("steps[].next.run"), key(false, "command-name", None));
        assert_eq!(told("steps[].a"), Some(Key::default()), "only one of several needs it");
        assert_eq!(told("headers.*"), key(false, "secret-name", None));
        assert!(keys.len() < 50, "a schema that holds itself ends: {}", keys.len());
        let table = json!({ "steps": [{ "run": "a" }, { "run": "b" }], "headers": { "x": "c" } });
        let found = |path: &[&str]| at(&table, &path.iter().map(|&part| part.to_owned()).collect::<Vec<_>>()).len();
        assert_eq!((found(&["steps", "[]", "run"]), found(&["headers", "*"]), found(&["broker", "url"])), (2, 1, 0));
    }

    #[test]
    fn a_schema_that_branches_without_end_is_left_off() {
        let branches: Map<String, Value> =
            (0..40).map(|number| (format!("k{number}"), json!({ "$ref": "#" }))).collect();
        assert!(keys(&json!({ "properties": branches })).len() <= KEYS + 40);
        let long = "x".repeat(LONGEST_NAME + 1);
        assert!(keys(&json!({ "properties": { long: { "$ref": "#" } } })).is_empty());
    }
}
