//! The seal of a plan file: what this host's agent planned, and nothing else, is executed.
//!
//! A plan file lies where people put it, so nothing in it is believed because it stands there. The seal has a digest of
//! each field, for the message, and a code over all of them that only this host can make.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use windlass_foundation::canonical::canonical;

use super::request::PlanFile;

/// The seal of a plan file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Seal {
    /// `sha256:` and the digest of each field's canonical JSON.
    pub fields: BTreeMap<String, String>,
    /// The host's code over these.
    pub code: String,
}

/// The digests of a plan file's fields, as a reader of it finds them.
///
/// # Errors
/// When it cannot be written as JSON, which a plan always can.
pub fn digests(file: &PlanFile) -> Result<BTreeMap<String, String>, serde_json::Error> {
    // Through text and back, so that numbers are those that a reader has.
    let text = serde_json::to_string(file)?;
    let value = serde_json::to_value(serde_json::from_str::<PlanFile>(&text)?)?;
    let Value::Object(fields) = value else { return Ok(BTreeMap::new()) };
    let digest = |value: &Value| format!("sha256:{}", hex::encode(Sha256::digest(canonical(value))));
    Ok(fields.iter().filter(|(name, _)| *name != "seal").map(|(name, value)| (name.clone(), digest(value))).collect())
}

/// What the host's code is made over.
#[must_use]
pub fn content(fields: &BTreeMap<String, String>) -> Vec<u8> {
    fields.iter().flat_map(|(name, digest)| format!("{name} {digest}\n").into_bytes()).collect()
}

/// The first field that is not what the seal says.
#[must_use]
pub fn difference(sealed: &BTreeMap<String, String>, found: &BTreeMap<String, String>) -> Option<String> {
    sealed.keys().chain(found.keys()).find(|name| sealed.get(*name) != found.get(*name)).cloned()
}
