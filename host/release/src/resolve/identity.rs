//! The id of a release.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use windlass_domain::Release;
use windlass_foundation::canonical::canonical;

/// `sha256:` and the digest of the release's canonical JSON without its id: keys sorted, no spaces, as in RFC 8785 for
/// documents of texts, whole numbers and flags, which is all that a release has. What follows from the rest is left out.
#[must_use]
pub fn id(release: &Release) -> String {
    // A release consists of texts, numbers and maps with text keys, all of which JSON has.
    let mut document = serde_json::to_value(release).unwrap_or_default();
    if let Some(fields) = document.as_object_mut() {
        fields.remove("id");
        // It follows from the bundle's digest, and earlier versions did not say it.
        if let Some(bundle) = fields.get_mut("bundle").and_then(Value::as_object_mut) {
            bundle.remove("programs");
        }
    }
    format!("sha256:{}", hex::encode(Sha256::digest(canonical(&document))))
}
