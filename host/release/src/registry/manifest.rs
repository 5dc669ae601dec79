//! What a manifest, an index and an image's configuration say about digest and platforms.
//!
//! Media types are those of the OCI image specification and of Docker's image manifest, version 2, schema 2.

use std::collections::BTreeSet;

use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use windlass_domain::reference::is_digest;

use super::transport::HttpAnswer;

/// The documents that are understood, for the `Accept` header.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// A manifest or an index, with the digest of its bytes.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) digest: String,
    pub(super) media_type: String,
    content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    schema_version: u32,
    media_type: Option<String>,
    manifests: Option<Vec<Entry>>,
    config: Option<Descriptor>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    platform: Option<Platform>,
}

#[derive(Debug, Deserialize)]
struct Descriptor {
    digest: String,
}

#[derive(Debug, Deserialize)]
struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

impl Platform {
    fn name(&self) -> String {
        let variant = self.variant.iter().filter(|variant| !variant.is_empty()).map(|variant| format!("/{variant}"));
        format!("{}/{}{}", self.os, self.architecture, variant.collect::<String>())
    }
}

impl Document {
    /// Reads an answer. The digest is that of the bytes; what the registry says about it must agree.
    pub(super) fn read(answer: &HttpAnswer) -> Result<Self, String> {
        let digest = digest_of(&answer.body);
        let said = answer.headers.get("docker-content-digest").and_then(|header| header.to_str().ok());
        if let Some(said) = said
            && is_digest(said)
            && said != digest
        {
            return Err(format!("it says that the digest is {said}, and sends {digest}"));
        }
        let content: Content =
            serde_json::from_slice(&answer.body).map_err(|error| format!("its manifest is not valid: {error}"))?;
        if content.schema_version != 2 {
            return Err(format!("its manifest has schema version {}, not 2", content.schema_version));
        }
        let sent = answer.headers.get(CONTENT_TYPE).and_then(|header| header.to_str().ok());
        let sent = sent.and_then(|sent| sent.split(';').next()).map(|sent| sent.trim().to_owned());
        let media_type = content.media_type.clone().or(sent).unwrap_or_default();
        Ok(Self { digest, media_type, content })
    }

    /// The platforms of an index, sorted; none for the manifest of one image.
    pub(super) fn platforms(&self) -> Option<Vec<String>> {
        let manifests = self.content.manifests.as_ref()?;
        let platforms: BTreeSet<String> = manifests
            .iter()
            .filter_map(|entry| entry.platform.as_ref())
            // Attestations are listed as images for `unknown/unknown`.
            .filter(|platform| platform.os != "unknown")
            .map(Platform::name)
            .collect();
        Some(platforms.into_iter().collect())
    }

    /// The digest of an image's configuration.
    pub(super) fn configuration(&self) -> Option<String> {
        self.content.config.as_ref().map(|config| config.digest.clone()).filter(|digest| is_digest(digest))
    }
}

/// The platform that a configuration names, after its digest is verified.
pub(super) fn platform_of_configuration(body: &[u8], digest: &str) -> Result<String, String> {
    let actual = digest_of(body);
    if actual != digest {
        return Err(format!("its image configuration {digest} has the digest {actual}"));
    }
    let platform: Platform =
        serde_json::from_slice(body).map_err(|error| format!("its image configuration is not valid: {error}"))?;
    Ok(platform.name())
}

pub(super) fn digest_of(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}
