//! Why nothing was built, or not all of it.

use std::path::PathBuf;
use std::time::Duration;

use windlass_domain::reference::ReferenceError;
use windlass_foundation::explain::{ExitCode, Explain};

/// Why nothing was built, or not all of it. Nothing is deployed in any case.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No service says how an image is built, or a version was given for each that does.
    #[error("there is nothing to build: no service of the Compose file has a `build` whose version was not given")]
    Nothing,
    /// What is built is no part of the release.
    #[error("`services.{service}.build`: the release file has no artifact for the image `{image}`")]
    NoArtifact {
        /// The service.
        service: String,
        /// The image.
        image: String,
    },
    /// One artifact would be two images.
    #[error("the services `{}` and `{}` build the artifact `{artifact}` in different ways", services[0], services[1])]
    Different {
        /// The artifact.
        artifact: String,
        /// Two of the services.
        services: [String; 2],
    },
    /// The commit is not the tag of an image.
    #[error("the image of the artifact `{artifact}` cannot have the commit as its tag")]
    Name {
        /// The artifact.
        artifact: String,
        /// Why.
        source: ReferenceError,
    },
    /// An element of `build` that is not passed on.
    #[error("`services.{service}.build.{key}` {why}")]
    Refused {
        /// The service.
        service: String,
        /// The element.
        key: String,
        /// Why, as the end of a sentence.
        why: String,
        /// What to do.
        hint: Option<&'static str>,
    },
    /// The image belongs to a registry, and pushing it there was not requested.
    #[error(
        "the artifact `{artifact}` comes from its registry, `{repository}`, where the built image would have to be"
    )]
    NotPushed {
        /// The artifact.
        artifact: String,
        /// Its repository.
        repository: String,
    },
    /// Everything that is built stays on the host.
    #[error("there is nothing to push: every image that is built is `local`")]
    NothingToPush,
    /// There is no commit.
    #[error("nothing says which commit is built: {why}")]
    NoCommit {
        /// Why not.
        why: String,
    },
    /// A program of the host could not be run.
    #[error("cannot run `{program}`")]
    Program {
        /// Which one.
        program: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// There is no place for what is kept for a moment.
    #[error("there is no place for temporary files")]
    NoPlace(#[source] std::io::Error),
    /// Building or pushing failed.
    #[error("the image of the artifact `{artifact}` was not {done}: `docker {command}` ended with {status}")]
    Failed {
        /// The artifact.
        artifact: String,
        /// `built` or `pushed`.
        done: &'static str,
        /// `build` or `push`.
        command: &'static str,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The last lines that it wrote.
        last: Vec<String>,
    },
    /// It took too long.
    #[error(
        "the image of the artifact `{artifact}` was not {done}: `docker {command}` did not end within {patience:?}"
    )]
    TooLong {
        /// The artifact.
        artifact: String,
        /// `built` or `pushed`.
        done: &'static str,
        /// `build` or `push`.
        command: &'static str,
        /// The deadline.
        patience: Duration,
    },
    /// The engine does not have what was built, or does not know what was pushed.
    #[error("the engine does not know {what} of the artifact `{artifact}` after `docker {command}`")]
    Lost {
        /// What.
        what: &'static str,
        /// The artifact.
        artifact: String,
        /// `build` or `push`.
        command: &'static str,
    },
    /// The directory of the release cannot be found.
    #[error("cannot read `{}`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Explain for BuildError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Nothing
            | Self::NoArtifact { .. }
            | Self::Different { .. }
            | Self::Name { .. }
            | Self::Refused { .. }
            | Self::Directory { .. } => ExitCode::Configuration,
            Self::NotPushed { .. } | Self::NothingToPush | Self::NoCommit { .. } => ExitCode::Usage,
            Self::Program { .. }
            | Self::NoPlace(_)
            | Self::Failed { .. }
            | Self::TooLong { .. }
            | Self::Lost { .. } => ExitCode::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Nothing => Some("leave out `--build`, or `--set` for what is to be built".to_owned()),
            Self::NoArtifact { service, image } => Some(format!(
                "add to release.toml:\n[artifacts.{service}]\nimage = \"{image}\"\ntag = \"{{commit}}\"\nlocal = true"
            )),
            Self::Different { .. } => Some("give each service an image, and each image an artifact".to_owned()),
            Self::Refused { hint, .. } => hint.map(str::to_owned),
            Self::NotPushed { .. } => {
                Some("`--push` sends it there; `local = true` in the release file keeps it on this host".to_owned())
            }
            Self::NothingToPush => Some("leave out `--push`, or `local = true` in the release file".to_owned()),
            Self::NoCommit { .. } => Some("give `--commit SHA`".to_owned()),
            Self::Program { program: "docker", .. } => {
                Some("install Docker's command line client; the engine alone builds nothing".to_owned())
            }
            Self::Failed { last, .. } => {
                (!last.is_empty()).then(|| format!("the last that it wrote:\n{}", last.join("\n")))
            }
            Self::TooLong { .. } => Some("`--build-timeout` allows more".to_owned()),
            Self::Lost { .. } => {
                Some("a builder of its own may keep what it builds for itself: `docker buildx use default`".to_owned())
            }
            Self::Name { .. } | Self::Program { .. } | Self::NoPlace(_) | Self::Directory { .. } => None,
        }
    }
}
