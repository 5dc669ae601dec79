//! One short text that changes when and only when a container must be replaced.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Endpoint;

/// Hashes the body without the labels that change by themselves, the connections, and what mounted files are.
/// The image's reference and the fingerprints of secrets are part of the body.
pub(super) fn hash(body: &Value, endpoints: &[Endpoint], files: &BTreeMap<&str, String>) -> String {
    let whole = json!({ "format": 1, "body": body, "endpoints": endpoints, "files": files });
    let mut text = String::new();
    canonical(&whole, &mut text);
    hex::encode(Sha256::digest(text))
}

/// JSON with sorted keys.
pub(crate) fn canonical(value: &Value, output: &mut String) {
    match value {
        Value::Object(fields) => {
            output.push('{');
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            for (key, value) in sorted {
                output.push_str(&Value::String(key.clone()).to_string());
                output.push(':');
                canonical(value, output);
                output.push(',');
            }
            output.push('}');
        }
        Value::Array(items) => {
            output.push('[');
            for item in items {
                canonical(item, output);
                output.push(',');
            }
            output.push(']');
        }
        other => output.push_str(&other.to_string()),
    }
}
