//! Plugins that came from registries: `plugins/registry/DIGEST/`, the component beside the manifest that names it.
//!
//! The files are not trusted: what is read is verified against the digest in the reference. A plugin that was pulled
//! once needs no registry again, also for a rollback.

use std::io;
use std::path::{Path, PathBuf};

use windlass_domain::reference::Reference;
use windlass_release::registry::Artifact;

use super::disk;

/// The largest manifest that registries accept, in bytes.
const LARGEST_MANIFEST: u64 = 4 << 20;
/// How many are kept: those that were used last.
const KEPT: usize = 64;

/// The directory of pulled plugins.
#[derive(Debug)]
pub(super) struct Pulled {
    directory: PathBuf,
}

impl Pulled {
    pub(super) fn new(state_directory: &Path) -> Self {
        Self { directory: state_directory.join("plugins/registry") }
    }

    /// The component of a reference, if it is here whole.
    pub(super) fn component(&self, reference: &Reference, most: u64) -> Option<Vec<u8>> {
        let digest = reference.digest()?;
        let place = self.place(digest);
        let artifact = Artifact {
            manifest: disk::read(&place.join("manifest.json"), LARGEST_MANIFEST).ok()?,
            component: disk::read(&place.join("plugin.wasm"), most).ok()?,
        };
        if let Err(reason) = artifact.verify(digest) {
            tracing::warn!(%reference, reason, "a kept plugin is damaged and is pulled again");
            return None;
        }
        disk::touch(&place);
        Some(artifact.component)
    }

    /// Keeps what was pulled and verified.
    pub(super) fn keep(&self, digest: &str, artifact: &Artifact) -> io::Result<()> {
        let place = self.place(digest);
        disk::write(&place.join("plugin.wasm"), &artifact.component)?;
        disk::write(&place.join("manifest.json"), &artifact.manifest)?;
        disk::keep_newest(&self.directory, KEPT, |_| true);
        Ok(())
    }

    fn place(&self, digest: &str) -> PathBuf {
        self.directory.join(digest.strip_prefix("sha256:").unwrap_or(digest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_kept_is_verified_each_time() {
        let state = tempfile::tempdir().unwrap();
        let pulled = Pulled::new(state.path());
        let component = b"component".to_vec();
        let layer = json!({"mediaType": "application/wasm", "digest": disk::digest(&component), "size": 9});
        let manifest = json!({"schemaVersion": 2, "layers": [layer]}).to_string().into_bytes();
        let digest = disk::digest(&manifest);
        let reference = Reference::parse(&format!("registry.example/team/check@{digest}")).unwrap();
        assert_eq!(pulled.component(&reference, 100), None);
        pulled.keep(&digest, &Artifact { manifest, component: component.clone() }).unwrap();
        assert_eq!(pulled.component(&reference, 100), Some(component));
        assert_eq!(pulled.component(&reference, 8), None, "the limit holds for what is kept too");
        disk::write(&pulled.place(&digest).join("plugin.wasm"), b"others").unwrap();
        assert_eq!(pulled.component(&reference, 100), None);
    }
}
