//! Why a plugin's author does not get what they asked for.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use windlass_config::ConfigError;
use windlass_config::document::DocumentError;
use windlass_foundation::explain::{ExitCode, Explain, Part, Place, quoted};
use windlass_sandbox::AdmissionError;

use crate::toolchain::MissingToolchain;

/// Why there is no project, no contract or no component.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthoringError {
    /// What the binary carries cannot be unpacked.
    #[error("the contract that this binary carries is damaged")]
    Damaged(#[source] io::Error),
    /// Something else is where a file would be written.
    #[error("{} there already, and not as {} would be written", are(paths), they(paths))]
    Exists {
        /// Where.
        paths: Vec<PathBuf>,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The name cannot be the plugin's.
    #[error("`{name}` cannot be its name: {why}")]
    Name {
        /// The name, shortened.
        name: String,
        /// Why.
        why: &'static str,
    },
    /// The directory of a new project has something in it.
    #[error("`{}` is not empty", directory.display())]
    Occupied {
        /// Which.
        directory: PathBuf,
    },
    /// The SDK is not where it was said to be.
    #[error("`{}` is neither a checkout of Windlass nor the SDK in one", path.display())]
    NoSdk {
        /// Where it was said to be.
        path: PathBuf,
    },
    /// A project that uses no SDK was given one.
    #[error("the SDK is for Rust, and a project in Python has none")]
    SdkOfRust,
    /// The directory has no project.
    #[error("`{}` has neither a Cargo.toml nor a plugin.toml", directory.display())]
    Nothing {
        /// Which.
        directory: PathBuf,
    },
    /// The project's `plugin.toml` is wrong.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// What compiles Rust to components is not there.
    #[error(transparent)]
    Toolchain(#[from] MissingToolchain),
    /// What builds the component cannot be started.
    #[error("cannot start `{program}`")]
    Start {
        /// What.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// What builds the component failed.
    #[error("`{command}` failed ({status}); what it says is above")]
    Failed {
        /// As a person types it.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// What builds the component made something else.
    #[error("the command succeeded, but there is no `{}`", component.display())]
    NotMade {
        /// What it should have made.
        component: PathBuf,
    },
    /// Cargo built the package, and made no component.
    #[error("the package of `{}` makes no component", package.display())]
    NoComponent {
        /// Its Cargo.toml.
        package: PathBuf,
    },
    /// There is no place for what an agent would keep in its state directory.
    #[error("cannot prepare a directory to look at the component in")]
    Temporary(#[source] io::Error),
    /// The limits of an agent are not known.
    #[error(transparent)]
    Limits(#[from] ConfigError),
    /// An agent would not admit the component.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
}

/// `a` is, `a` and `b` are; the first of many.
fn are(paths: &[PathBuf]) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = paths.iter().take(SHOWN).map(|path| path.display().to_string()).collect();
    match paths.len() {
        1 => format!("{} is", quoted(&shown)),
        count if count > SHOWN => format!("{} and {} more are", quoted(&shown), count - SHOWN),
        _ => format!("{} are", quoted(&shown)),
    }
}

fn they(paths: &[PathBuf]) -> &'static str {
    if paths.len() == 1 { "it" } else { "they" }
}

impl Explain for AuthoringError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Exists { .. }
            | Self::Name { .. }
            | Self::Occupied { .. }
            | Self::NoSdk { .. }
            | Self::SdkOfRust
            | Self::Nothing { .. } => ExitCode::Usage,
            Self::Read { .. }
            | Self::Write { .. }
            | Self::Start { .. }
            | Self::Failed { .. }
            | Self::NotMade { .. }
            | Self::NoComponent { .. }
            | Self::Temporary(_) => ExitCode::Configuration,
            Self::Damaged(_) | Self::Limits(_) => ExitCode::Unexpected,
            Self::Document(error) => error.exit(),
            Self::Toolchain(error) => error.exit(),
            Self::Admission(error) => error.exit(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Exists { .. } => Some("nothing was written; choose another directory, or remove it first".to_owned()),
            Self::Name { .. } => Some("first-party plugins begin with their kind: `check-calendar`".to_owned()),
            Self::Occupied { .. } => Some("nothing was written; name another one with `--directory`".to_owned()),
            Self::SdkOfRust => Some("leave out `--sdk`".to_owned()),
            Self::NoSdk { .. } => Some("name the directory that has `plugins/sdk` in it".to_owned()),
            Self::Nothing { .. } => Some("`windlass plugin new NAME --kind check` writes a project".to_owned()),
            Self::NoComponent { .. } => Some(
                "its library becomes one with `crate-type = [\"cdylib\", \"rlib\"]` below `[lib]`; of a workspace, name the \
                 directory of the plugin's own package"
                    .to_owned(),
            ),
            Self::NotMade { .. } => Some("`component` of plugin.toml names what the command makes".to_owned()),
            Self::Start { program, .. } => {
                let name = program.rsplit('/').next().unwrap_or(program);
                Some(format!("install {name}, or name another program in `command` of plugin.toml"))
            }
            Self::Damaged(_) => Some("install Windlass again: its binary is damaged".to_owned()),
            Self::Document(error) => error.hint(),
            Self::Toolchain(error) => error.hint(),
            Self::Admission(error) => error.hint(),
            Self::Read { .. } | Self::Write { .. } | Self::Failed { .. } | Self::Temporary(_) | Self::Limits(_) => None,
        }
    }

    fn place(&self) -> Option<Place> {
        if let Self::Document(error) = self { error.place() } else { None }
    }

    fn parts(&self) -> Vec<Part> {
        if let Self::Document(error) = self { error.parts() } else { Vec::new() }
    }
}
