//! A plugin's `with` table against the plugin's own JSON Schema.
//!
//! Both come from outside: nothing is fetched for a reference, and patterns run in linear time.

use jsonschema::{PatternOptions, Validator};
use serde_json::{Value, json};
use windlass_documents::Failure;

use super::text::beginning;

/// How many mistakes one failure lists.
const LISTED: usize = 10;

/// Prepares a schema. The error is a fragment: what is wrong with it.
pub(super) fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .map_err(|error| beginning(&error.to_string(), 500))
}

/// Whether a table fits. The failure lists every mistake with its place.
pub(super) fn validate(schema: &Validator, plugin: &str, config: &Value) -> Result<(), Failure> {
    let mistakes: Vec<_> = schema
        .iter_errors(config)
        .take(LISTED)
        .map(|error| (error.instance_path().to_string(), beginning(&error.to_string(), 300)))
        .collect();
    if mistakes.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = mistakes.iter().map(|(place, text)| format!("`{}`: {text}", dotted(place))).collect();
    Err(Failure {
        code: "invalid-config".to_owned(),
        message: format!("the `with` table does not fit {plugin}: {}", lines.join("; ")),
        retryable: false,
        details: Some(json!({
            "mistakes": mistakes.iter().map(|(place, text)| json!({"at": place, "text": text})).collect::<Vec<_>>(),
            "hint": format!("`windlass plugin inspect {plugin}` shows what the table may hold"),
        })),
    })
}

/// `/requests/0/url` as people write it: `with.requests.0.url`.
fn dotted(place: &str) -> String {
    format!("with{}", place.replace('/', "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong_and_where() -> Result<(), String> {
        let schema = compile(&json!({
            "type": "object",
            "properties": {"port": {"type": "integer"}},
            "additionalProperties": false
        }))?;
        assert_eq!(validate(&schema, "check-x", &json!({"port": 1})), Ok(()));
        let failure = validate(&schema, "check-x", &json!({"port": "a"})).err().ok_or("accepted")?;
        assert_eq!(
            failure.message,
            "the `with` table does not fit check-x: `with.port`: \"a\" is not of type \"integer\""
        );
        Ok(())
    }

    #[test]
    fn fetches_nothing() {
        assert!(compile(&json!({"$ref": "http://127.0.0.1:1/schema"})).is_err());
        assert!(compile(&json!({"$ref": "file:///etc/passwd"})).is_err());
    }
}
