//! For unit tests of plugins, on the machine that builds.
//!
//! There is no host here: logic is tested as plain functions, and these helpers hold a plugin's example to its types.

use serde_json::Value;

use crate::{Config, Error, Result};

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
