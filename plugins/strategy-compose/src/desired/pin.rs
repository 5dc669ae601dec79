//! Every image is pinned: by an artifact of the release, or by a digest in the file.

use windlass_compose::{Problem, Service};
use windlass_documents::Release;
use windlass_documents::reference::Reference;

/// An image that can mean only one thing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pinned {
    /// `repository@sha256:…`, or an image id.
    pub(crate) reference: String,
    /// For people: the artifact's name, or the repository's last part.
    pub(crate) name: String,
    /// For people: the tag, or the beginning of the digest.
    pub(crate) version: String,
    /// Whether the image is only in the engine and cannot be pulled.
    pub(crate) local: bool,
}

pub(crate) fn pin(service: &Service, release: &Release) -> Result<Pinned, Problem> {
    let written = &service.image.value;
    let wrong =
        |reason: String| Problem::at(&service.image.position, format!("`services.{}.image`: {reason}", service.name));
    let reference = Reference::parse(written).map_err(|error| wrong(error.to_string()))?;
    let repository = reference.repository();
    if let Some((name, artifact)) = release.artifact_of_repository(&repository) {
        return Ok(Pinned {
            reference: artifact.reference(),
            name: name.to_owned(),
            version: artifact.tag.clone().unwrap_or_else(|| short(&artifact.digest)),
            local: artifact.local,
        });
    }
    if let Some(digest) = reference.digest() {
        let name = repository.rsplit('/').next().unwrap_or_default().to_owned();
        return Ok(Pinned {
            reference: format!("{repository}@{digest}"),
            name,
            version: reference.tag().map_or_else(|| short(digest), str::to_owned),
            local: false,
        });
    }
    let tag = reference.tag().unwrap_or("latest");
    Err(wrong(format!(
        "`{written}` is neither an artifact of the release nor pinned by digest, so nobody can say what would run"
    ))
    .hint(format!("add to release.toml:\n[artifacts.{}]\nimage = \"{}\"\ntag = \"{tag}\"", service.name, repository)))
}

/// The first twelve digits of a digest.
pub(crate) fn short(digest: &str) -> String {
    let digits = digest.split_once(':').map_or(digest, |(_, digits)| digits);
    digits.chars().take(12).collect()
}
