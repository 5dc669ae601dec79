//! Where the proposed files go: beside the Compose file or above it, and never over a file that is there.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use windlass_compose::DEFAULT_FILES;
use windlass_foundation::explain::{ExitCode, Explain, ExplainedError};
use windlass_release::application::RELEASE_FILE;
use windlass_release::bundle::IGNORE_FILE;
use windlass_release::compose::Directory;

use super::{Inputs, propose};
use crate::error::CommandError;

/// The operator's file beside the release file; the operator puts it in its place.
const AGENT_FILE: &str = "agent.toml";

/// What a person asks `init` for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The Compose files, each over the ones before, or a directory; none means those of the current directory.
    pub compose: Vec<PathBuf>,
    /// The application's name; none means the project's.
    pub application: Option<String>,
    /// The directory for the files; none means that of the Compose file.
    pub output: Option<PathBuf>,
    /// Variables of the caller that say what Docker Compose takes.
    pub variables: BTreeMap<String, String>,
}

/// What would be written.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Each file with its text.
    pub files: Vec<(PathBuf, String)>,
    /// What a person should look at.
    pub remarks: Vec<String>,
    /// The commands that come next, after the files were looked at.
    pub next: String,
}

/// Why the files have no place.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// A file is there already.
    #[error("`{}` is there already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The Compose file cannot be reached from where the release file would be.
    #[error(
        "`{}` is not in `{}`, where release.toml would be written, nor below it; a release has only what is there",
        compose.display(),
        output.display()
    )]
    OutsideOutput {
        /// The Compose file, or its directory.
        compose: PathBuf,
        /// The directory for the release file.
        output: PathBuf,
    },
}

impl Explain for PlaceError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Exists { .. } | Self::OutsideOutput { .. } => ExitCode::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Exists { .. } => {
                Some("remove it first, or choose another place with `--output DIRECTORY`".to_owned())
            }
            Self::OutsideOutput { .. } => {
                Some("give the directory of the Compose file or one above it, or leave out `--output`".to_owned())
            }
        }
    }
}

/// Proposes the files, and says where they would be. Nothing is written.
///
/// # Errors
/// When the Compose files cannot be used, or a proposed file is there already.
pub fn prepare(wanted: &Wanted) -> Result<Prepared, ExplainedError> {
    let given: Vec<&Path> = wanted.compose.iter().map(PathBuf::as_path).collect();
    let (directory, file) = place(given.first().copied());
    let absolute =
        std::path::absolute(&directory).map_err(|source| CommandError::Read { path: directory.clone(), source })?;
    let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let into = wanted.output.clone().unwrap_or_else(|| directory.clone());
    // As it is, not as a link to it is called.
    let here = std::fs::canonicalize(&into).or_else(|_| std::path::absolute(&into));
    let here = here.map_err(|source| CommandError::Read { path: into.clone(), source })?;
    let seen = |directory: &Path, file: &str| {
        seen_from(&here, directory, file)
            .ok_or_else(|| PlaceError::OutsideOutput { compose: directory.join(file), output: into.clone() })
    };
    let mut compose = vec![seen(&directory, &file)?];
    for other in given.iter().skip(1) {
        let (directory, file) = place(Some(other));
        compose.push(seen(&directory, &file)?);
    }
    compose.retain(|name| !name.is_empty());
    let agent_file = here.join(AGENT_FILE);
    let proposal = propose(&Inputs {
        agent_file: &agent_file,
        files: &Directory::new(into.clone()),
        compose: &compose,
        application: wanted.application.as_deref(),
        variables: wanted.variables.clone(),
        directory: &name,
        place: &here,
        is_there: &|path| is_there(&here.join(path)),
    })?;
    let mut files =
        vec![(into.join(RELEASE_FILE), proposal.release_file), (into.join(AGENT_FILE), proposal.agent_file)];
    let mut remarks = proposal.remarks;
    let ignore = into.join(IGNORE_FILE);
    match std::fs::read_to_string(&ignore) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => files.push((ignore, proposal.ignore_file)),
        there => remarks.extend(lacking(&ignore, &there.unwrap_or_default(), &proposal.ignore_file)),
    }
    if let Some((path, _)) = files.iter().find(|(path, _)| path.symlink_metadata().is_ok()) {
        return Err(PlaceError::Exists { path: path.clone() }.into());
    }
    Ok(Prepared { files, remarks, next: next(&into, &proposal.application, proposal.builds) })
}

/// Writes one of the files. A new file is created, so an existing symbolic link is never followed.
///
/// # Errors
/// When it cannot be written, or is there by now.
pub fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    let written = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| CommandError::Write { path: path.to_owned(), source })
}

/// What a person should add to the file of ignored paths that is there already.
fn lacking(path: &Path, there: &str, proposed: &str) -> Option<String> {
    let lacks = |line: &&str| !line.starts_with('#') && !there.lines().any(|own| own.trim() == *line);
    let lines: Vec<String> = proposed.lines().filter(lacks).map(|line| format!("`{line}`")).collect();
    let remark = || {
        format!(
            "`{}` is there already: add {} to it, so that what is written here is no part of a release",
            path.display(),
            lines.join(" and ")
        )
    };
    (!lines.is_empty()).then(remark)
}

/// The commands that come next.
fn next(into: &Path, application: &str, builds: bool) -> String {
    let place = shown(into);
    if !builds {
        return format!("`windlass plan {place}`");
    }
    let document = into.join(format!("{application}.json"));
    let document = document.strip_prefix(".").unwrap_or(&document).display();
    format!(
        "`windlass release create {place} --build --out {document}`, and `windlass plan {place} --release {document}`"
    )
}

/// The directory of the Compose file, and its name there; an empty name lets the library look for the usual ones.
fn place(compose: Option<&Path>) -> (PathBuf, String) {
    let Some(path) = compose else { return (PathBuf::from("."), String::new()) };
    if path.is_dir() {
        return (path.to_owned(), String::new());
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    (directory.to_owned(), name)
}

/// The path of the Compose file from the directory of the release file; none when it is not below it. Empty where the
/// library looks for the usual names there.
fn seen_from(root: &Path, directory: &Path, file: &str) -> Option<String> {
    let real = std::fs::canonicalize(directory).or_else(|_| std::path::absolute(directory)).ok()?;
    let inside = real.strip_prefix(root).ok()?;
    if inside.as_os_str().is_empty() {
        return Some(file.to_owned());
    }
    // Elsewhere than beside the release file, the library finds only what is named.
    let usual = || DEFAULT_FILES.into_iter().find(|name| real.join(name).is_file()).unwrap_or(DEFAULT_FILES[0]);
    let file = if file.is_empty() { usual() } else { file };
    Some(inside.join(file).to_string_lossy().into_owned())
}

/// Whether a release from there would have it: an empty directory has nothing for it.
fn is_there(path: &Path) -> bool {
    match path.read_dir() {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => path.symlink_metadata().is_ok(),
    }
}

/// The directory in the form that the next command needs. A path of one name would be taken for an application's name,
/// so `./` is put before it; `.` is always a path.
fn shown(directory: &Path) -> String {
    let text = directory.display().to_string();
    if text.contains('/') || text == "." { text } else { format!("./{text}") }
}
