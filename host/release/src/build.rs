//! Which images a Compose file builds for a release, and how the host's own `docker` is asked for each.
//!
//! `arguments` makes a command of a `build` section, `docker` runs it, `commit` says what the version is. Nothing here
//! decides what runs: the digests of what was built are versions of the release like those that a person gives.

mod arguments;
mod commit;
mod docker;
mod error;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use windlass_compose::{Application, Service};
use windlass_domain::reference::Reference;

pub use arguments::Call;
pub use commit::{Commit, commit};
pub use docker::{Builder, OutputLine};
pub use error::BuildError;

use super::file::{ArtifactSource, ReleaseFile};
use arguments::Section;

/// What is built is decided by these.
pub struct Inputs<'a> {
    /// The Compose application.
    pub application: &'a Application,
    /// The release file.
    pub file: &'a ReleaseFile,
    /// The Compose project's name.
    pub project: &'a str,
    /// The directory of the release, without links.
    pub root: &'a Path,
    /// What stands for secrets in the application, with their names.
    pub secrets: &'a [(String, String)],
    /// Artifacts whose version was given: they are not built.
    pub given: &'a dyn Fn(&str) -> bool,
    /// The version of what is built: the commit.
    pub version: &'a str,
}

/// An image to build.
#[derive(Debug)]
pub struct Build {
    /// The artifact that it becomes.
    pub artifact: String,
    /// The services that run it.
    pub services: Vec<String>,
    /// Its name, with the commit as tag.
    pub reference: Reference,
    /// Whether it stays in the host's engine.
    pub local: bool,
    /// How `docker` is asked for it.
    pub call: Call,
}

/// Everything that is built, by artifact.
///
/// # Errors
/// The first thing that cannot be built as the files say it; nothing was run.
pub fn builds(inputs: &Inputs<'_>) -> Result<Vec<Build>, BuildError> {
    let mut sections: BTreeMap<&str, (Value, Build)> = BTreeMap::new();
    let root = inputs.root.display().to_string();
    for service in inputs.application.services.values() {
        let Some(section) = service.build_from(&root) else { continue };
        let (artifact, source) = artifact(inputs, service)?;
        if (inputs.given)(artifact) {
            continue;
        }
        if let Some((other, build)) = sections.get_mut(artifact) {
            if *other != section {
                let (artifact, services) = (artifact.to_owned(), [build.services[0].clone(), service.name.clone()]);
                return Err(BuildError::Different { artifact, services });
            }
            build.services.push(service.name.clone());
            continue;
        }
        let reference = source.repository.with_version(inputs.version);
        let reference = reference.map_err(|source| BuildError::Name { artifact: artifact.to_owned(), source })?;
        let section_of = Section { inputs, service, name: &reference.to_string() };
        let build = Build {
            artifact: artifact.to_owned(),
            services: vec![service.name.clone()],
            call: section_of.call(&section)?,
            reference,
            local: source.local,
        };
        sections.insert(artifact, (section, build));
    }
    if sections.is_empty() {
        return Err(BuildError::Nothing);
    }
    Ok(sections.into_values().map(|(_, build)| build).collect())
}

/// The artifact of a service, as a deployment finds it.
fn artifact<'a>(inputs: &Inputs<'a>, service: &Service) -> Result<(&'a str, &'a ArtifactSource), BuildError> {
    let artifacts = &inputs.file.artifacts;
    let usual = service.built_image(inputs.project);
    let image = service.image.as_ref().map_or(usual.as_str(), |image| &image.value);
    let repository = Reference::parse(image).map(|reference| reference.repository()).ok();
    let own = artifacts.get_key_value(&service.name).filter(|_| service.image.is_none());
    let same = || artifacts.iter().find(|(_, source)| Some(source.repository.repository()) == repository);
    let found = own.or_else(same).map(|(name, source)| (name.as_str(), source));
    found.ok_or_else(|| BuildError::NoArtifact { service: service.name.clone(), image: image.to_owned() })
}

#[cfg(test)]
mod tests;
