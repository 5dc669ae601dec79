//! From a request to a release: every name becomes a digest, and the whole gets its id.
//!
//! The same release file, the same request and the same answers of the registries give the same release. Nothing is
//! stored or pulled here.

mod error;
mod identity;
mod keep;
mod recheck;
pub mod version_file;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{BoxFuture, try_join_all};
use windlass_domain::{Artifact, Bundle, Failure, RELEASE_FORMAT, Release};

pub use error::ResolveError;
pub use identity::id;
pub use keep::{Kept, Written, keep};
pub use recheck::{Mismatch, recheck};

use windlass_domain::reference::{Reference, is_digest};

use super::file::{ArtifactSource, ReleaseFile};
use super::registry::Registries;

/// What a person asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionRequest {
    /// `--set NAME=VERSION`: tags or `sha256:` digests by artifact name.
    pub versions: BTreeMap<String, String>,
    /// The versions that stand in the application's files, by artifact; see [`version_file`].
    pub of_files: BTreeMap<String, String>,
    /// What the release file calls the release, where it does.
    pub label: Option<String>,
    /// `--commit SHA`: stands for `{commit}` in the file's tags.
    pub commit: Option<String>,
    /// Artifacts that stay as they run: no registry or engine is asked about them.
    pub kept: BTreeMap<String, Artifact>,
    /// Those of them whose version the release file does not say, so that the label does.
    pub unwritten: BTreeSet<String>,
}

/// The images that are in the host's engine.
pub trait LocalImages: Send + Sync {
    /// The id (`sha256:…`) of an image by `repository:tag`, `repository@digest` or id; none when it is not there.
    fn image_id<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Option<String>, Failure>>;
}

/// Makes the release that a request means now. Artifacts are resolved in parallel; only the first error of them is
/// returned.
pub async fn resolve(
    file: &ReleaseFile,
    bundle: Bundle,
    request: &VersionRequest,
    registries: &Registries,
    local: &dyn LocalImages,
) -> Result<Release, ResolveError> {
    let wanted = versions::wanted(file, request)?;
    let pinned = wanted.iter().map(|(name, reference)| async {
        let source = &file.artifacts[*name];
        let artifact = pin(name, source, reference, registries, local).await?;
        Ok::<_, ResolveError>(((*name).to_owned(), artifact))
    });
    let mut artifacts: BTreeMap<String, Artifact> = try_join_all(pinned).await?.into_iter().collect();
    artifacts.extend(request.kept.clone());
    let mut release = Release {
        format: RELEASE_FORMAT,
        id: String::new(),
        application: file.application.clone(),
        version: request.label.clone().unwrap_or_else(|| versions::label(&artifacts, request, &bundle)),
        commit: request.commit.clone(),
        artifacts,
        inputs: file.variables.clone(),
        bundle,
        migration: file.migration.clone(),
    };
    release.id = identity::id(&release);
    Ok(release)
}

async fn pin(
    name: &str,
    source: &ArtifactSource,
    reference: &Reference,
    registries: &Registries,
    local: &dyn LocalImages,
) -> Result<Artifact, ResolveError> {
    let artifact = || name.to_owned();
    let digest = if source.local {
        let text = engine_name(reference);
        let failed = |failure| ResolveError::Engine { artifact: artifact(), failure: Box::new(failure) };
        let id = local.image_id(&text).await.map_err(failed)?;
        id.filter(|id| is_digest(id)).ok_or_else(|| ResolveError::NotLocal { artifact: artifact(), reference: text })?
    } else {
        let failed = |source| ResolveError::Registry { artifact: artifact(), source: Box::new(source) };
        registries.resolve(reference).await.map_err(failed)?.digest
    };
    let tag = reference.tag().map(str::to_owned);
    Ok(Artifact { repository: reference.repository(), tag, digest, local: source.local })
}

/// How the engine is asked for a local image: by its id when a digest was given, since an image that was never pulled
/// has no other.
fn engine_name(reference: &Reference) -> String {
    match reference.digest() {
        Some(digest) => digest.to_owned(),
        None => reference.to_string(),
    }
}

#[cfg(test)]
#[path = "resolve/tests.rs"]
mod tests;
