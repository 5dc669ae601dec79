//! Every image is pinned: by an artifact of the release, or, that of a service, by a digest in the file.

use windlass_compose::{Mount, Problem, Service};
use windlass_domain::reference::Reference;
use windlass_domain::{Artifact, Release};

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

/// The image of a service. One that is only built is that of the artifact with the service's name, or of the artifact
/// whose image has the name that Docker Compose would give it.
pub(crate) fn pin(service: &Service, release: &Release, project: &str) -> Result<Pinned, Problem> {
    let Some(image) = &service.image else { return built(service, release, project) };
    let written = &image.value;
    let wrong = |reason: String| Problem::at(&image.position, format!("`services.{}.image`: {reason}", service.name));
    let reference = Reference::parse(written).map_err(|error| wrong(error.to_string()))?;
    let repository = reference.repository();
    if let Some((name, artifact)) = release.artifact_of_repository(&repository) {
        return Ok(of_artifact(name, artifact));
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
        "`{written}` is neither an artifact of the release nor pinned by digest, so it is not certain which image would run"
    ))
    .hint(format!("add to release.toml:\n[artifacts.{}]\nimage = \"{}\"\ntag = \"{tag}\"", service.name, repository)))
}

/// The image of a mount, `source`. It is one of the release's artifacts in any case: the host lets a plugin mount no
/// other, and keeps no other for going back.
pub(crate) fn pin_mounted(
    service: &Service,
    mount: &Mount,
    source: &str,
    release: &Release,
) -> Result<Pinned, Problem> {
    let wrong =
        |reason: String| Problem::at(&mount.position, format!("`services.{}.volumes.source`: {reason}", service.name));
    let reference = Reference::parse(source).map_err(|error| wrong(error.to_string()))?;
    let repository = reference.repository();
    if let Some((name, artifact)) = release.artifact_of_repository(&repository) {
        return Ok(of_artifact(name, artifact));
    }
    let last = repository.rsplit('/').next().unwrap_or_default();
    let taken = release.artifacts.contains_key(last);
    let name = if taken { format!("{}-{last}", service.name) } else { last.to_owned() };
    let version = match reference.digest() {
        Some(digest) => format!("digest = \"{digest}\""),
        None => format!("tag = \"{}\"", reference.tag().unwrap_or("latest")),
    };
    Err(wrong(format!(
        "`{source}` is not an artifact of the release, so the release neither says which image is mounted nor keeps it \
         for going back"
    ))
    .hint(format!("add to release.toml:\n[artifacts.{name}]\nimage = \"{repository}\"\n{version}")))
}

fn of_artifact(name: &str, artifact: &Artifact) -> Pinned {
    Pinned {
        reference: artifact.reference(),
        name: name.to_owned(),
        version: artifact.tag.clone().unwrap_or_else(|| short(&artifact.digest)),
        local: artifact.local,
    }
}

fn built(service: &Service, release: &Release, project: &str) -> Result<Pinned, Problem> {
    let usual = service.built_image(project);
    let repository = Reference::parse(&usual).map(|reference| reference.repository()).unwrap_or_default();
    let own = release.artifacts.get_key_value(&service.name).map(|(name, artifact)| (name.as_str(), artifact));
    if let Some((name, artifact)) = own.or_else(|| release.artifact_of_repository(&repository)) {
        return Ok(of_artifact(name, artifact));
    }
    let message = format!(
        "`services.{}.build`: a deployment builds nothing, and the release has no artifact for this",
        service.name
    );
    Err(Problem::at(&service.position, message).hint(format!(
        "add to release.toml:\n[artifacts.{}]\nimage = \"{usual}\"\ntag = \"{{commit}}\"\nlocal = true\nand build it with \
         `windlass release create --build`; where it is built and pushed elsewhere, name that image, without `local`",
        service.name
    )))
}

/// The first twelve digits of a digest.
pub(crate) fn short(digest: &str) -> String {
    let digits = digest.split_once(':').map_or(digest, |(_, digits)| digits);
    digits.chars().take(12).collect()
}
