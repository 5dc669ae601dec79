//! Image registries: what a name means there now, and with which credentials one may ask.
//!
//! Images are never downloaded here; the engine pulls them, by digest, with [`Registries::credentials`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use windlass_documents::Failure;

use super::reference::Reference;
use crate::report::{ExitCode, Explain};

/// What the operator says about one registry.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Whether it is asked over HTTP without TLS.
    pub plain_http: bool,
    /// A PEM file of certificate authorities to trust besides the system's.
    pub ca: Option<PathBuf>,
    /// Credentials from the operator's secrets; Docker's configuration is asked when there are none.
    pub credentials: Option<Credentials>,
}

/// A name and a password for a registry. The password never appears in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name; empty for an identity token.
    pub username: String,
    /// The password.
    pub password: String,
    /// Docker's identity token, which takes the place of both.
    pub identity_token: Option<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What a name means at its registry now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteImage {
    /// The repository, normalised.
    pub repository: String,
    /// The digest of the manifest or of the index: `sha256:…`.
    pub digest: String,
    /// The media type of that document.
    pub media_type: String,
    /// For which platforms it is: `linux/amd64`, `linux/arm/v7`; sorted.
    pub platforms: Vec<String>,
}

/// Why a registry gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry cannot be reached, or does not work.
    #[error("registry `{registry}` is unavailable: {reason}")]
    Unavailable {
        /// The registry.
        registry: String,
        /// What happened.
        reason: String,
    },
}

impl Explain for RegistryError {
    fn exit(&self) -> ExitCode {
        ExitCode::Unavailable
    }
}

impl RegistryError {
    /// As a capability's answer, with the codes of `wit/types.wit`.
    #[must_use]
    pub fn failure(&self) -> Failure {
        Failure { code: "unavailable".into(), message: self.to_string(), retryable: true, details: None }
    }
}

/// All registries, each with the operator's settings. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Registries {
    access: std::sync::Arc<BTreeMap<String, Access>>,
}

impl Registries {
    /// Registries by name with port, as in `[registries."127.0.0.1:5000"]`. Others are asked with TLS and Docker's credentials.
    #[must_use]
    pub fn new(access: BTreeMap<String, Access>) -> Self {
        Self { access: std::sync::Arc::new(access) }
    }

    /// What a name means at its registry now. Without tag and digest the tag is `latest`.
    pub async fn resolve(&self, reference: &Reference) -> Result<RemoteImage, RegistryError> {
        Err(RegistryError::Unavailable { registry: reference.registry().to_owned(), reason: "not asked yet".into() })
    }

    /// The credentials for a registry: the operator's, else those of Docker's configuration and its helpers; none for anonymous.
    pub async fn credentials(&self, registry: &str) -> Result<Option<Credentials>, RegistryError> {
        Ok(self.access.get(registry).and_then(|access| access.credentials.clone()))
    }
}
