//! Where an application's files are: a name in the operator's directory, or a path on the command line.
//!
//! Finding reads directory entries only; what the files say is `file`'s business.

use std::io;
use std::path::{Path, PathBuf};

use windlass_config::document::nearest;
use windlass_foundation::explain::{ExitCode, Explain};

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
        /// Whether there is a directory of that name with a release file where the command was started.
        beside: bool,
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
            Self::UnknownName { name, beside: true, .. } => Some(format!(
                "a name is looked up there; there is a directory `{name}` here with a release file: give its path, `./{name}`"
            )),
            Self::UnknownName { known, .. } if known.is_empty() => {
                Some("there are none yet; give a directory, such as `./kudos`, or make one with `windlass init`".into())
            }
            Self::UnknownName { name, known, .. } => {
                let meant = nearest(name, known.iter().map(String::as_str));
                let meant = meant.map(|name| format!("did you mean `{name}`? ")).unwrap_or_default();
                Some(format!("{meant}known: {}", known.join(", ")))
            }
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
        let beside = !name.is_empty() && Path::new(name).join(RELEASE_FILE).is_file();
        let (name, directory) = (name.to_owned(), applications.to_owned());
        return Err(ApplicationError::UnknownName { name, directory, known, beside });
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
    // This only checks that the file exists. Whether it can be read is found by the code that reads it, with an error
    // of its own.
    if location.release_file().exists() {
        Ok(location)
    } else {
        Err(ApplicationError::NoReleaseFile { directory: location.directory })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn shown(argument: &str, applications: &Path) -> String {
        let error = find(argument, applications).unwrap_err();
        let source =
            std::error::Error::source(&error).map(|source| format!("\ncaused by: {source}")).unwrap_or_default();
        let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        let place = applications.parent().unwrap().display().to_string();
        format!("{error}{source}{hint}\n{:?}", error.exit()).replace(&place, "DIR")
    }

    #[test]
    fn finds_by_name_and_by_path() {
        let whole = tempfile::tempdir().unwrap();
        let applications = whole.path().join("applications");
        for name in ["kudos", "praise"] {
            fs::create_dir_all(applications.join(name)).unwrap();
            fs::write(applications.join(name).join(RELEASE_FILE), "").unwrap();
        }
        fs::create_dir(applications.join("empty")).unwrap();
        let kudos = applications.join("kudos");
        let named = find("kudos", &applications).unwrap();
        assert_eq!(named, Location { directory: kudos.clone(), name: Some("kudos".into()) });
        for path in [kudos.clone(), kudos.join(RELEASE_FILE)] {
            let found = find(&path.display().to_string(), &applications).unwrap();
            assert_eq!((found.release_file(), found.name), (kudos.join(RELEASE_FILE), None));
        }
        let mut errors: Vec<_> =
            ["kudus", "", "empty", "nonsense"].iter().map(|name| shown(name, &applications)).collect();
        errors.push(shown(&kudos.join("other.toml").display().to_string(), &applications));
        errors.push(shown("kudos", &whole.path().join("none")));
        let file = whole.path().join("file");
        fs::write(&file, "").unwrap();
        errors.push(shown("kudos", &file));
        insta::assert_snapshot!(errors.join("\n\n"), @"
        there is no application `kudus` in `DIR/applications`
        hint: did you mean `kudos`? known: kudos, praise
        NotFound

        there is no application `` in `DIR/applications`
        hint: known: kudos, praise
        NotFound

        `DIR/applications/empty` has no `release.toml`
        hint: make one with `windlass init`
        NotFound

        there is no application `nonsense` in `DIR/applications`
        hint: known: kudos, praise
        NotFound

        `DIR/applications/kudos/other.toml` does not exist
        NotFound

        there is no application `kudos` in `DIR/none`
        hint: there are none yet; give a directory, such as `./kudos`, or make one with `windlass init`
        NotFound

        cannot read `DIR/file`
        caused by: Not a directory (os error 20)
        Configuration
        ");
    }
}
