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
}
