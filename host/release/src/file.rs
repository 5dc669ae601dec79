//! The release file, `release.toml`: what an application's team says about its deployments.
//!
//! Reading is strict: unknown keys, wrong types and malformed values are errors that point at a line, all that there are
//! at once. Reading asks no registry and no plugin; whether a plugin accepts its `with` table is found at admission.

mod artifacts;
mod convert;
mod overlay;
mod place;
mod wire;

use std::collections::BTreeMap;

pub(crate) use convert::{LABEL, is_label};
pub use place::{place, place_of_key};

use serde_json::Value;
use windlass_config::document::{Document, DocumentError, nearest};
use windlass_domain::Migration;
use windlass_domain::reference::Reference;
use windlass_foundation::explain::{ExitCode, Explain, Part, Place};

use super::application::RELEASE_FILE;
use super::directory::{DirectoryError, TeamDirectory};
use super::environment::Settings;

/// A release file, read and valid for each of its environments.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseFile {
    /// The application's name; also the name of its Compose project unless the strategy says otherwise.
    pub application: String,
    /// What people call the release, when the file says so.
    pub version: Option<String>,
    /// The file of the application that says so instead.
    pub version_file: Option<String>,
    /// Its images by name.
    pub artifacts: BTreeMap<String, ArtifactSource>,
    /// The variables of the base, without any environment's.
    pub variables: BTreeMap<String, String>,
    /// What the release says about going back.
    pub migration: Option<Migration>,
    name: String,
    environments: BTreeMap<String, Settings>,
    base: Settings,
}

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactSource {
    /// The repository, without tag and digest.
    pub repository: Reference,
    /// The version that is deployed unless the request says otherwise. `{commit}` stands for the request's commit, and
    /// `{version}` for the version in `version_file`.
    pub tag: Option<String>,
    /// The file of the application that has the version, which `{version}` stands for.
    pub version_file: Option<String>,
    /// The digest that the file pins; `tag` is then only a label.
    pub digest: Option<String>,
    /// Whether the image is only in the host's engine.
    pub local: bool,
}

/// Why a release file is not usable.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Its content is wrong.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The file cannot be read, or is not the team's.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// There is no such environment in the file.
    #[error("`{file}` has no environment `{environment}`")]
    UnknownEnvironment {
        /// The file.
        file: String,
        /// What was asked for.
        environment: String,
        /// Every environment of the file.
        known: Vec<String>,
    },
    /// The file is of another application than the one that was asked for.
    #[error("`{file}` is of the application `{found}`, not of `{expected}`")]
    OtherApplication {
        /// The file.
        file: String,
        /// What it says.
        found: String,
        /// What was asked for.
        expected: String,
    },
}

impl Explain for FileError {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Document(error) => error.hint(),
            Self::Directory(error) => error.hint(),
            Self::UnknownEnvironment { environment, known, .. } => {
                let meant = nearest(environment, known.iter().map(String::as_str));
                let meant = meant.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
                Some(format!("{meant}known: {}", known.join(", ")))
            }
            Self::OtherApplication { expected, .. } => Some(format!(
                "a directory in the operator's applications directory has the name of its application: `{expected}`"
            )),
        }
    }

    fn place(&self) -> Option<Place> {
        match self {
            Self::Document(error) => error.place(),
            Self::Directory(_) | Self::UnknownEnvironment { .. } | Self::OtherApplication { .. } => None,
        }
    }

    fn parts(&self) -> Vec<Part> {
        match self {
            Self::Document(error) => error.parts(),
            Self::Directory(_) | Self::UnknownEnvironment { .. } | Self::OtherApplication { .. } => Vec::new(),
        }
    }
}

impl ReleaseFile {
    /// Reads the release file of a directory.
    pub fn of(team: &TeamDirectory) -> Result<Self, FileError> {
        Self::parse(&team.release_file()?, &team.path().join(RELEASE_FILE).display().to_string())
    }

    /// Reads the content of a file that is not on disk; `name` stands before the line in errors.
    pub fn parse(content: &[u8], name: &str) -> Result<Self, FileError> {
        Ok(convert::read(&Document::from_bytes(name, content.to_vec())?)?)
    }

    /// The registries of its images, one for each image that is not local.
    pub fn registries(&self) -> impl Iterator<Item = &str> {
        let sources = self.artifacts.values().filter(|artifact| !artifact.local);
        sources.map(|artifact| artifact.repository.registry())
    }

    /// Fails when the file is of another application than `expected`.
    pub fn expect_application(&self, expected: &str) -> Result<(), FileError> {
        if self.application == expected {
            return Ok(());
        }
        let (file, found, expected) = (self.name.clone(), self.application.clone(), expected.to_owned());
        Err(FileError::OtherApplication { file, found, expected })
    }

    /// The names of the environments that the file has; none means that it fits every environment.
    pub fn environments(&self) -> impl Iterator<Item = &str> {
        self.environments.keys().map(String::as_str)
    }

    /// The settings for an environment.
    pub fn settings(&self, environment: &str) -> Result<Settings, FileError> {
        if let Some(settings) = self.environments.get(environment) {
            return Ok(settings.clone());
        }
        if self.environments.is_empty() {
            return Ok(Settings { environment: environment.to_owned(), ..self.base.clone() });
        }
        Err(FileError::UnknownEnvironment {
            file: self.name.clone(),
            environment: environment.to_owned(),
            known: self.environments().map(str::to_owned).collect(),
        })
    }
}

/// The JSON Schema of the release file, for `windlass schema release-file`.
#[must_use]
pub fn schema() -> Value {
    wire::schema()
}

#[cfg(test)]
#[path = "file/tests.rs"]
mod tests;

#[cfg(test)]
#[path = "file/several_tests.rs"]
mod several_tests;
