//! For unit tests of plugins, on the machine that builds.
//!
//! There is no host here: logic is tested as plain functions. These helpers make what a host would hand to a plugin, and
//! hold a plugin's example to its types.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::documents::{Bundle, EVENT_FORMAT, Event, Outcome, RELEASE_FORMAT, Release};
use crate::{Config, Error, Result};

/// What an id or a digest looks like.
const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A release of an application with that version label, without images and files. Change the fields that matter.
#[must_use]
pub fn release(application: &str, version: &str) -> Release {
    Release {
        format: RELEASE_FORMAT,
        id: DIGEST.to_owned(),
        application: application.to_owned(),
        version: version.to_owned(),
        commit: None,
        artifacts: BTreeMap::new(),
        inputs: BTreeMap::new(),
        bundle: Bundle { digest: DIGEST.to_owned(), files: BTreeMap::new(), programs: None },
        migration: None,
    }
}

/// The end of a deployment of a release, the first on its host, as a recorder is told of it. Change the fields that
/// matter.
#[must_use]
pub fn event(outcome: Outcome, release: Release) -> Event {
    let runs = matches!(outcome, Outcome::Succeeded | Outcome::Unchanged);
    Event {
        format: EVENT_FORMAT,
        idempotency_key: "0000000000000000".to_owned(),
        deployment: "4f0c9t2m1k8z".to_owned(),
        sequence: 1,
        application: release.application.clone(),
        environment: "test".to_owned(),
        host: "localhost".to_owned(),
        outcome,
        cancelled: false,
        rollback: false,
        actor: "ada".to_owned(),
        reason: None,
        running: runs.then(|| release.clone()),
        release,
        previous: None,
        trouble: None,
        started: "2026-01-01T12:00:00Z".to_owned(),
        finished: "2026-01-01T12:00:10Z".to_owned(),
        checks: Vec::new(),
        smoke: Vec::new(),
        failure: None,
        found: None,
    }
}

/// Reads the one `with` table of a plugin's example, as the host would give it to the plugin.
///
/// The example is TOML as it stands in a release file: `[checks.NAME]` with `plugin` and `with`.
pub fn example<C: Config>(text: &str) -> Result<C> {
    Ok(serde_json::from_value(example_table(text)?)?)
}

/// The `with` table of the example as JSON.
pub fn example_table(text: &str) -> Result<Value> {
    let document: Value = toml::from_str(text)?;
    let entries = match &document {
        Value::Object(sections) => sections.iter().flat_map(|(section, value)| match value {
            // `[strategy]` is one table, the others are tables of tables.
            Value::Object(fields) if section == "strategy" => vec![Value::Object(fields.clone())],
            Value::Object(fields) => fields.values().cloned().collect(),
            _ => Vec::new(),
        }),
        _ => return Err(Error::internal("the example is not a table")),
    };
    let mut tables: Vec<Value> = entries.collect();
    match (tables.len(), tables.pop()) {
        (1, Some(entry)) => Ok(entry.get("with").cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()))),
        (count, _) => Err(Error::internal(format!("the example uses {count} plugins instead of one"))),
    }
}

/// What a page of documentation lacks of a plugin: its example, and every key of its configuration in backticks.
#[must_use]
pub fn undocumented<C: Config>(page: &str, example: &str) -> Vec<String> {
    let mut missing = Vec::new();
    if !page.contains(example) {
        missing.push("the example".to_owned());
    }
    let schema = schemars::schema_for!(C);
    keys(schema.as_value(), &mut missing);
    missing.retain(|name| !page.contains(&format!("`{name}`")));
    missing
}

/// The names of all properties anywhere in a schema.
fn keys(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name == "properties"
                    && let Value::Object(properties) = value
                {
                    found.extend(properties.keys().cloned());
                }
                keys(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_read_as_the_host_reads_it() {
        let table =
            example_table("[smoke.web]\nplugin = \"smoke-http\"\n[smoke.web.with]\nbase = \"http://a\"\n").unwrap();
        assert_eq!(table, serde_json::json!({ "base": "http://a" }));
        assert!(example_table("").is_err());
    }

    #[test]
    fn a_key_that_no_page_names_is_found() {
        #[derive(serde::Deserialize, schemars::JsonSchema)]
        struct Inner {
            #[expect(dead_code, reason = "only its schema is looked at")]
            depth: u8,
        }
        #[derive(serde::Deserialize, schemars::JsonSchema)]
        struct Outer {
            #[expect(dead_code, reason = "only its schema is looked at")]
            inner: Vec<Inner>,
        }
        assert_eq!(undocumented::<Outer>("`inner` x", "x"), ["depth"]);
        assert!(undocumented::<Outer>("", "x").contains(&"the example".to_owned()));
    }
}
