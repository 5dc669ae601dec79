//! Where an application's files are: a name in the operator's directory, or a path on the command line.
//!
//! Finding reads directory entries only; what the files say is `file`'s business.

use std::io;
use std::path::{Path, PathBuf};

use crate::report::{ExitCode, Explain};

/// The name of the release file in an application's directory.
pub const RELEASE_FILE: &str = "release.toml";

/// Where an application was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The directory with the release file and everything beside it.
    pub directory: PathBuf,
    /// The name under which it was asked for; none when a path was given. The release file must say the same.
    pub name: Option<String>,
}

impl Location {
    /// The release file.
    #[must_use]
    pub fn release_file(&self) -> PathBuf {
        self.directory.join(RELEASE_FILE)
    }
}

/// Why an application was not found.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// There is no such name in the operator's directory.
    #[error("there is no application `{name}` in `{}`", directory.display())]
    UnknownName {
        /// What was asked for.
        name: String,
        /// The operator's directory.
        directory: PathBuf,
        /// Every application that is there.
        known: Vec<String>,
    },
    /// The directory has no release file.
    #[error("`{}` has no `release.toml`", directory.display())]
    NoReleaseFile {
        /// The directory.
        directory: PathBuf,
    },
    /// The path names nothing.
    #[error("`{}` does not exist", path.display())]
    Nothing {
        /// What was asked for.
        path: PathBuf,
    },
    /// The path names neither a directory nor a `release.toml`.
    #[error("`{}` is neither a directory nor a file named `release.toml`", path.display())]
    NotAnApplication {
        /// What was asked for.
        path: PathBuf,
    },
    /// A directory could not be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Explain for ApplicationError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::UnknownName { .. } | Self::NoReleaseFile { .. } | Self::Nothing { .. } => ExitCode::NotFound,
            Self::NotAnApplication { .. } => ExitCode::Usage,
            Self::Unreadable { .. } => ExitCode::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownName { known, .. } if known.is_empty() => {
                Some("there are none yet; give a directory, such as `./kudos`, or make one with `windlass init`".into())
            }
            Self::UnknownName { known, .. } => Some(format!("known: {}", known.join(", "))),
            Self::NoReleaseFile { .. } => Some("make one with `windlass init`".into()),
            Self::NotAnApplication { .. } => Some("give the directory that holds the `release.toml`".into()),
            Self::Unreadable { .. } | Self::Nothing { .. } => None,
        }
    }
}

/// Finds an application: a plain name is looked up in `applications`; anything with a `/`, `.` and `..` is a path to a
/// directory or to a `release.toml`.
pub fn find(argument: &str, applications: &Path) -> Result<Location, ApplicationError> {
    if argument.contains('/') || matches!(argument, "." | ".." | RELEASE_FILE) {
        find_path(Path::new(argument))
    } else {
        find_name(argument, applications)
    }
}

/// The names of all applications in the operator's directory, sorted: its directories that hold a release file.
/// A directory that does not exist holds none.
pub fn list(applications: &Path) -> Result<Vec<String>, ApplicationError> {
    let unreadable = |source| ApplicationError::Unreadable { path: applications.to_owned(), source };
    let entries = match std::fs::read_dir(applications) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        if entry.path().join(RELEASE_FILE).is_file()
            && let Ok(name) = entry.file_name().into_string()
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn find_name(name: &str, applications: &Path) -> Result<Location, ApplicationError> {
    let directory = applications.join(name);
    if name.is_empty() || !directory.is_dir() {
        let known = list(applications)?;
        return Err(ApplicationError::UnknownName { name: name.to_owned(), directory: applications.to_owned(), known });
    }
    with_release_file(directory, Some(name.to_owned()))
}

fn find_path(path: &Path) -> Result<Location, ApplicationError> {
    if path.is_dir() {
        return with_release_file(path.to_owned(), None);
    }
    if !path.exists() {
        return Err(ApplicationError::Nothing { path: path.to_owned() });
    }
    match path.parent() {
        Some(parent) if path.file_name().is_some_and(|name| name == RELEASE_FILE) => {
            let directory = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            with_release_file(directory.to_owned(), None)
        }
        _ => Err(ApplicationError::NotAnApplication { path: path.to_owned() }),
    }
}

fn with_release_file(directory: PathBuf, name: Option<String>) -> Result<Location, ApplicationError> {
    let location = Location { directory, name };
    if location.release_file().is_file() {
        Ok(location)
    } else {
        Err(ApplicationError::NoReleaseFile { directory: location.directory })
    }
}
