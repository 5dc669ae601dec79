//! A WebAssembly component at a registry: an OCI artifact with one layer of the media type `application/wasm`
//! (CNCF TAG Runtime, "Wasm OCI Artifact Layout").
//!
//! Its reference names the digest of its manifest, and its manifest the digest of the component. So a client with the
//! reference, the manifest and the component can verify all of it and needs to trust no other party.

use serde::Deserialize;
use windlass_domain::reference::is_digest;

use super::manifest::digest_of;

/// The media type of a component.
const COMPONENT: &str = "application/wasm";
/// The longest media type that is shown.
const LONGEST: usize = 100;

/// A component with the manifest that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The manifest's bytes.
    pub manifest: Vec<u8>,
    /// The component's bytes.
    pub component: Vec<u8>,
}

/// The layer that is the component.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Layer {
    media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
}

impl Artifact {
    /// Whether it is what a digest names.
    ///
    /// # Errors
    /// What does not belong together.
    pub fn verify(&self, digest: &str) -> Result<(), String> {
        let actual = digest_of(&self.manifest);
        if actual != digest {
            return Err(format!("the manifest of {digest} has the digest {actual}"));
        }
        let layer = layer(&self.manifest)?;
        let actual = digest_of(&self.component);
        if actual != layer.digest {
            return Err(format!("its component {} has the digest {actual}", layer.digest));
        }
        Ok(())
    }
}

/// The one layer of a manifest.
pub(super) fn layer(manifest: &[u8]) -> Result<Layer, String> {
    #[derive(Deserialize)]
    struct Content {
        layers: Option<Vec<Layer>>,
    }
    let content: Content =
        serde_json::from_slice(manifest).map_err(|error| format!("its manifest is not valid: {error}"))?;
    let Some(layers) = content.layers else {
        return Err("it is an index of several, not the manifest of a component".to_owned());
    };
    let [layer] = layers.as_slice() else {
        return Err(format!("it has {} layers; a component has one, of the type `{COMPONENT}`", layers.len()));
    };
    if layer.media_type != COMPONENT {
        let found: String = layer.media_type.chars().take(LONGEST).collect();
        return Err(format!("its layer is of the type `{}`, not `{COMPONENT}`", found.escape_debug()));
    }
    if !is_digest(&layer.digest) {
        return Err("the digest of its layer is not one of sha256".to_owned());
    }
    Ok(layer.clone())
}
