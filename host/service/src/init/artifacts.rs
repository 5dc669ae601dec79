//! The images of a Compose file as artifacts with names.

use std::collections::BTreeMap;

use windlass_compose::{Application, MountKind, Service};
use windlass_domain::reference::Reference;

/// The longest name of an artifact.
const LONGEST: usize = 63;

/// One image of the Compose file, as an artifact of the release.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Artifact {
    /// The image, with its tag or digest.
    pub(super) reference: Reference,
    /// The services that run or mount it.
    pub(super) services: Vec<String>,
    /// Whether the Compose file says how it is built.
    pub(super) built: bool,
}

/// The images that were found in the Compose file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// By the name that is proposed.
    pub(super) artifacts: BTreeMap<String, Artifact>,
    /// What a person should look at.
    pub(super) remarks: Vec<String>,
}

/// One artifact for each repository, named after its last part, or after the service where two have the same. An image
/// that is only built has the name that Docker Compose gives it, and its artifact that of the service, by which a
/// deployment finds it.
pub(super) fn find(application: &Application, project: &str) -> Found {
    let mut by_repository: BTreeMap<String, Artifact> = BTreeMap::new();
    let mut found = Found::default();
    for service in application.services.values() {
        match &service.image {
            Some(image) => named(&image.value, service, false, &mut by_repository, &mut found),
            None => built(project, service, &mut found),
        }
    }
    // After all that run, so that an image that is run and mounted has the version of what runs.
    for service in application.services.values() {
        for mount in &service.mounts {
            if let MountKind::Image { source, .. } = &mount.kind {
                named(source, service, true, &mut by_repository, &mut found);
            }
        }
    }
    for artifact in by_repository.into_values() {
        let last = artifact.reference.path().rsplit('/').next().unwrap_or_default();
        let service = artifact.services.first().map(|name| plain_name(name));
        let candidates =
            std::iter::once(plain_name(last)).chain(service).chain((2..).map(|number| format!("{last}-{number}")));
        let free = |name: &String| !name.is_empty() && !found.artifacts.contains_key(name);
        if let Some(name) = candidates.map(|name| plain_name(&name)).find(free) {
            found.artifacts.insert(name, artifact);
        }
    }
    found
}

/// An image that a service runs, or mounts, by its name.
fn named(
    image: &str,
    service: &Service,
    is_mounted: bool,
    by_repository: &mut BTreeMap<String, Artifact>,
    found: &mut Found,
) {
    let name = &service.name;
    let reference = match Reference::parse(image) {
        Ok(reference) => reference,
        Err(error) => {
            found.remarks.push(format!("the service `{name}`: {error}"));
            return;
        }
    };
    let is_built = |artifact: &Artifact| artifact.reference.repository() == reference.repository();
    if is_mounted && found.artifacts.values().any(is_built) {
        return;
    }
    let artifact = by_repository.entry(reference.repository()).or_insert_with(|| Artifact {
        reference: reference.clone(),
        services: Vec::new(),
        built: false,
    });
    artifact.built |= !is_mounted && service.build.is_some();
    if artifact.reference != reference {
        let (does, all) = if is_mounted { ("mounts", "have") } else { ("runs", "run") };
        found.remarks.push(format!(
            "the service `{name}` {does} `{reference}` and others `{}`; an artifact has one version, which all of them \
             will {all}",
            artifact.reference
        ));
    }
    if !artifact.services.contains(name) {
        artifact.services.push(name.clone());
    }
}

fn built(project: &str, service: &Service, found: &mut Found) {
    let (image, service) = (service.built_image(project), service.name.as_str());
    match Reference::parse(&image) {
        Ok(reference) => {
            let artifact = Artifact { reference, services: vec![service.to_owned()], built: true };
            let taken = found.artifacts.insert(plain_name(service), artifact);
            if taken.is_some() {
                found.remarks.push(format!(
                    "the service `{service}` is built, and its artifact has the name of another's; give it an `image`"
                ));
            }
        }
        Err(_) => found.remarks.push(format!(
            "the service `{service}` is built, and Docker Compose would call the image `{image}`, which is not the name of \
             one; give it an `image`"
        )),
    }
}

/// The text as a name: lower-case letters, digits, `-` and `_`, beginning with a letter or a digit.
pub(super) fn plain_name(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|letter| letter.to_ascii_lowercase())
        .map(
            |letter| if letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_' { letter } else { '-' },
        )
        .skip_while(|letter| !letter.is_ascii_alphanumeric())
        .take(LONGEST)
        .collect();
    plain.trim_end_matches('-').to_owned()
}
