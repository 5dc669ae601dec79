//! Why a request gives no release.

use windlass_config::document::nearest;
use windlass_domain::Failure;
use windlass_domain::reference::ReferenceError;
use windlass_foundation::explain::{ExitCode, Explain};

use crate::registry::RegistryError;

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
    /// What stands after `--set NAME=` is neither a tag nor a digest.
    #[error("`--set {name}=…` gives no version")]
    Version {
        /// The artifact.
        name: String,
        /// Why.
        source: ReferenceError,
    },
    /// What a file has is no tag.
    #[error("`{file}` gives no version of the artifact `{name}`")]
    FileVersion {
        /// The artifact.
        name: String,
        /// The file.
        file: String,
        /// Why.
        source: ReferenceError,
    },
    /// What stands after `--commit` is no commit.
    #[error("`{commit}` is not a commit: 7 to 64 hexadecimal digits")]
    Commit {
        /// What was given, without control characters.
        commit: String,
    },
    /// Neither the file nor the request says which version.
    #[error("nothing says which version of {} to deploy", quoted(artifacts))]
    NoVersion {
        /// The artifacts.
        artifacts: Vec<String>,
    },
    /// The file's tags follow the commit, and none was given.
    #[error("the tag of {} is made from the commit, and none was given", quoted(artifacts))]
    NoCommit {
        /// The artifacts.
        artifacts: Vec<String>,
    },
    /// A registry gave no answer, or says no.
    #[error("cannot resolve the artifact `{artifact}`")]
    Registry {
        /// The artifact.
        artifact: String,
        /// Why.
        source: Box<RegistryError>,
    },
    /// The engine gave no answer about a local image.
    #[error("cannot look for the artifact `{artifact}` in the engine: {}", failure.message)]
    Engine {
        /// The artifact.
        artifact: String,
        /// Why.
        failure: Box<Failure>,
    },
    /// The engine has no such image.
    #[error("the engine has no image `{reference}` for the artifact `{artifact}`")]
    NotLocal {
        /// The artifact.
        artifact: String,
        /// The image's name.
        reference: String,
    },
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl Explain for ResolveError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::UnknownArtifact { .. }
            | Self::Version { .. }
            | Self::Commit { .. }
            | Self::NoVersion { .. }
            | Self::NoCommit { .. } => ExitCode::Usage,
            Self::FileVersion { .. } => ExitCode::Configuration,
            Self::Registry { source, .. } => source.exit(),
            Self::Engine { .. } => ExitCode::Unavailable,
            Self::NotLocal { .. } => ExitCode::NotFound,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownArtifact { known, .. } if known.is_empty() => {
                Some("the release file has no `[artifacts.NAME]` at all".into())
            }
            Self::UnknownArtifact { name, known, .. } => {
                let meant = nearest(name, known.iter().map(String::as_str));
                let meant = meant.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
                Some(format!("{meant}known: {}", known.join(", ")))
            }
            Self::NoVersion { artifacts } => {
                let set: Vec<_> = artifacts.iter().map(|name| format!("--set {name}=VERSION")).collect();
                Some(format!("give `{}`, or write a `tag` into the release file", set.join(" ")))
            }
            Self::NoCommit { artifacts } => {
                let set: Vec<_> = artifacts.iter().map(|name| format!("--set {name}=VERSION")).collect();
                Some(format!("give `--commit SHA`, or `{}`", set.join(" ")))
            }
            Self::Registry { source, .. } => source.hint(),
            Self::Engine { failure, .. } => {
                let hint = failure.details.as_ref().and_then(|details| details["hint"].as_str());
                hint.map(str::to_owned)
            }
            Self::NotLocal { .. } => {
                Some("build it on this host, with `windlass release create --build` where the application's files say how, or leave out `local = true` to have it from its registry".into())
            }
            Self::Version { .. } | Self::FileVersion { .. } | Self::Commit { .. } => None,
        }
    }
}
