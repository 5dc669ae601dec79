//! Versions that stand in files of the application, such as its package file, so that a user does not have to repeat
//! them.
//!
//! `package.json` has it at `version`, `Cargo.toml` at `package.version` or `workspace.package.version`,
//! `pyproject.toml` at `project.version` or `tool.poetry.version`; any other file is the version and nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;
use windlass_foundation::explain::{ExitCode, Explain};

use crate::directory::{DirectoryError, TeamDirectory};
use crate::file::{LABEL, ReleaseFile, is_label};

/// The largest such file, in bytes.
const LIMIT: u64 = 1 << 20;

/// Why a file gives no version.
#[derive(Debug, thiserror::Error)]
pub enum VersionFileError {
    /// It cannot be read.
    #[error("cannot read `{file}`")]
    Unreadable {
        /// The file, in the application's directory.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what its name says.
    #[error("`{file}` is malformed: {reason}")]
    Malformed {
        /// The file.
        file: String,
        /// Why, with a line where there is one.
        reason: String,
    },
    /// There is none where it should be.
    #[error("`{file}` has no version{}", place(places))]
    None {
        /// The file.
        file: String,
        /// Where it would be.
        places: &'static [&'static str],
    },
}

fn place(places: &[&str]) -> String {
    if places.is_empty() { String::new() } else { format!(" at `{}`", places.join("` or `")) }
}

impl Explain for VersionFileError {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some("`version-file` of the artifact names it; `--set NAME=VERSION` gives another version for once".to_owned())
    }
}

/// The versions of all artifacts that have a file for it, from the copy of the application's files in `directory`.
pub fn read_all(file: &ReleaseFile, directory: &Path) -> Result<BTreeMap<String, String>, VersionFileError> {
    let named = file.artifacts.iter().filter_map(|(name, source)| Some((name, source.version_file.as_deref()?)));
    named.map(|(name, path)| Ok((name.clone(), read(directory, path)?))).collect()
}

/// What the release file, or the file that it names, calls the release.
pub fn label(file: &ReleaseFile, directory: &Path) -> Result<Option<String>, VersionFileError> {
    let Some(path) = &file.version_file else { return Ok(file.version.clone()) };
    let version = read(directory, path)?;
    if is_label(&version) {
        return Ok(Some(version));
    }
    let reason =
        format!("`{}` is not a version: {LABEL}", version.chars().take(100).collect::<String>().escape_debug());
    Err(VersionFileError::Malformed { file: path.clone(), reason })
}

fn read(directory: &Path, file: &str) -> Result<String, VersionFileError> {
    let unreadable = |source| VersionFileError::Unreadable { file: file.to_owned(), source };
    let read = TeamDirectory::open(directory).and_then(|team| team.read(file, LIMIT));
    let text = read.map_err(|error| match error {
        DirectoryError::Unreadable { source, .. } => unreadable(source),
        other => unreadable(std::io::Error::other(other)),
    })?;
    let text = String::from_utf8(text).map_err(|_| unreadable(std::io::ErrorKind::InvalidData.into()))?;
    let malformed = |reason: String| VersionFileError::Malformed { file: file.to_owned(), reason };
    let toml =
        || toml::from_str::<Json>(&text).map_err(|error| malformed(error.to_string().trim().replace('\n', "; ")));
    let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let (document, places): (Json, &[&str]) = match name {
        "package.json" => (serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?, &["version"]),
        "Cargo.toml" => (toml()?, &["package.version", "workspace.package.version"]),
        "pyproject.toml" => (toml()?, &["project.version", "tool.poetry.version"]),
        _ => (Json::String(text.trim().to_owned()), &[]),
    };
    let at = |place: &&str| document.pointer(&format!("/{}", place.replace('.', "/"))).and_then(Json::as_str);
    let found = if places.is_empty() { document.as_str() } else { places.iter().find_map(at) };
    let found = found.filter(|version| !version.is_empty());
    found.map(str::to_owned).ok_or_else(|| VersionFileError::None { file: file.to_owned(), places })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_where_its_ecosystem_has_it() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        let of = |name: &str| read(directory.path(), name).map_err(|error| error.to_string());
        write("package.json", "{\"name\": \"users\", \"version\": \"1.4.2\"}");
        write("Cargo.toml", "[workspace.package]\nversion = \"0.3.0\"\n");
        write("pyproject.toml", "[tool.poetry]\nversion = \"2.0\"\n");
        write("VERSION", "2026.02.1\n");
        assert_eq!(of("package.json").unwrap(), "1.4.2");
        assert_eq!(of("Cargo.toml").unwrap(), "0.3.0");
        assert_eq!(of("pyproject.toml").unwrap(), "2.0");
        assert_eq!(of("VERSION").unwrap(), "2026.02.1");
        write("package.json", "{\"version\": 1}");
        assert_eq!(of("package.json").unwrap_err(), "`package.json` has no version at `version`");
        write("package.json", "{\n  oops");
        assert!(of("package.json").unwrap_err().contains("line 2 column 3"));
        write("Cargo.toml", "[package]\nversion.workspace = true\n");
        assert!(of("Cargo.toml").unwrap_err().contains("`package.version` or `workspace.package.version`"));
        write("pyproject.toml", "[project\n");
        assert!(of("pyproject.toml").unwrap_err().contains("malformed"));
        write("VERSION", "\n");
        assert_eq!(of("VERSION").unwrap_err(), "`VERSION` has no version");
        assert!(of("nothing").unwrap_err().contains("cannot read `nothing`"));

        let file = |more: &str| {
            let text = format!("application = \"kudos\"\n{more}\nstrategy = {{ plugin = \"x\" }}\n");
            ReleaseFile::parse(text.as_bytes(), "release.toml").unwrap()
        };
        let label = |more: &str| super::label(&file(more), directory.path()).map_err(|error| error.to_string());
        write("VERSION", "2026.02.1\n");
        assert_eq!(label("version-file = \"VERSION\"").unwrap().as_deref(), Some("2026.02.1"));
        assert_eq!(label("version = \"7\"").unwrap().as_deref(), Some("7"));
        assert_eq!(label("").unwrap(), None);
        write("VERSION", "two words");
        assert!(
            label("version-file = \"VERSION\"")
                .unwrap_err()
                .contains("`two words` is not a version: at most 100 letters")
        );
    }
}
