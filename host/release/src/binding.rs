//! Whether something may be an application: the operator says which directory, user or signer `kudos` comes from.
//!
//! A release file can claim any name. Its grants, secrets, journal, lock and containers are the application's, so the
//! claim counts only from where the operator said. What is in the operator's own directory of applications needs no
//! line. An application without a binding accepts files and documents from anywhere, and gets only what is granted to
//! all applications.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use windlass_config::{Binding, Config};
use windlass_foundation::explain::{ExitCode, Explain};

use super::application::RELEASE_FILE;
use super::directory::TeamDirectory;

/// What claims to be an application.
#[derive(Debug, Clone, Copy)]
pub enum Claim<'a> {
    /// The files of a directory.
    Files(&'a TeamDirectory),
    /// A release document.
    Document {
        /// The file that it was read from; none for standard input.
        path: Option<&'a Path>,
        /// Its bytes.
        content: &'a [u8],
        /// The trusted key that signed it.
        signer: Option<&'a str>,
    },
}

/// Something else than the application claims to be it.
#[derive(Debug, thiserror::Error)]
#[error("{place} may not act for `{application}`: agent.toml binds `{application}` to {}", ways.join(", or to "))]
pub struct BindingError {
    /// The application.
    application: String,
    /// What claims to be it.
    place: String,
    /// Where it is.
    ways: Vec<String>,
    /// The lines that would allow it.
    lines: String,
}

impl Explain for BindingError {
    fn exit(&self) -> ExitCode {
        ExitCode::Refused
    }

    fn hint(&self) -> Option<String> {
        let Self { application, lines, .. } = self;
        Some(format!(
            "where it may act for `{application}` all the same, the operator adds to agent.toml:\n\n{lines}\n"
        ))
    }
}

/// Decides whether a claim may act for an application. None where the claim is right. Where the operator wrote no
/// binding for the application, the lines that would make the claim right.
///
/// # Errors
/// When the application is somewhere else.
pub fn decide(config: &Config, application: &str, claim: Claim<'_>) -> Result<Option<String>, BindingError> {
    let own = own_directory(&config.applications_directory, application);
    let bindings: Vec<&Binding> = config.bindings.iter().filter(|binding| binding.name == application).collect();
    let right = match claim {
        Claim::Files(team) => {
            own.as_deref().is_some_and(|own| is_directory(own, team))
                || bindings.iter().any(|binding| is_of(binding, team))
        }
        Claim::Document { path, content, signer } => {
            let signed = |binding: &&&Binding| signer.is_some() && binding.signer.as_deref() == signer;
            bindings.iter().any(|binding| signed(&binding))
                || path.is_some_and(|path| lies_in(path, content, own.as_deref(), &bindings))
        }
    };
    if right {
        return Ok(None);
    }
    let lines = lines(application, claim);
    let mut ways: Vec<String> = bindings.iter().map(|binding| describe(binding)).collect();
    ways.extend(own.map(|own| format!("the directory `{}`", own.display())));
    if ways.is_empty() {
        return Ok(Some(lines));
    }
    Err(BindingError { application: application.to_owned(), place: place(claim), ways, lines })
}

/// The directory of an application among the operator's own: a directory itself, no link to one, in a directory that
/// only the operator can write.
fn own_directory(applications: &Path, application: &str) -> Option<PathBuf> {
    let above = std::fs::metadata(applications).ok()?;
    let agent = rustix::process::geteuid().as_raw();
    let group = rustix::process::getegid().as_raw();
    let writable = above.mode() & 0o002 != 0 || above.mode() & 0o020 != 0 && above.gid() != 0 && above.gid() != group;
    if writable || above.uid() != 0 && above.uid() != agent {
        return None;
    }
    let directory = applications.join(application);
    let is_there = std::fs::symlink_metadata(&directory).is_ok_and(|metadata| metadata.is_dir())
        && std::fs::symlink_metadata(directory.join(RELEASE_FILE)).is_ok();
    is_there.then_some(directory)
}

/// Whether a path means the directory that is open.
fn is_directory(path: &Path, team: &TeamDirectory) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == team.identity())
}

/// Whether files of a directory, the release file among them, are what a binding means.
fn is_of(binding: &Binding, team: &TeamDirectory) -> bool {
    is_of_file(binding, team, RELEASE_FILE)
}

fn is_of_file(binding: &Binding, team: &TeamDirectory, file: &str) -> bool {
    if binding.directory.is_none() && binding.owner.is_none() {
        return false;
    }
    binding.directory.as_ref().is_none_or(|directory| is_directory(directory, team))
        && binding.owner.as_ref().is_none_or(|owner| {
            team.owners().directory == owner.number && team.owner_of(file).is_ok_and(|found| found == owner.number)
        })
}

/// Whether a document lies in a directory of the application, where no other user can have put it.
fn lies_in(path: &Path, content: &[u8], own: Option<&Path>, bindings: &[&Binding]) -> bool {
    let Ok(real) = std::fs::canonicalize(path) else { return false };
    // Read once more beneath the directory: what was exchanged meanwhile is not what was checked.
    let reads_below = |directory: &Path, fits: &dyn Fn(&TeamDirectory, &str) -> bool| {
        let Ok(directory) = std::fs::canonicalize(directory) else { return false };
        let Some(below) = real.strip_prefix(&directory).ok().and_then(Path::to_str) else { return false };
        let Ok(team) = TeamDirectory::open(&directory) else { return false };
        fits(&team, below) && team.read(below, content.len() as u64).is_ok_and(|found| found == content)
    };
    own.is_some_and(|own| reads_below(own, &|_, _| true))
        || bindings.iter().any(|binding| match (&binding.directory, &binding.owner, real.parent()) {
            (Some(directory), ..) => reads_below(directory, &|team, below| is_of_file(binding, team, below)),
            (None, Some(_), Some(parent)) => reads_below(parent, &|team, below| is_of_file(binding, team, below)),
            _ => false,
        })
}

/// A binding in words.
fn describe(binding: &Binding) -> String {
    let directory = binding.directory.as_ref().map(|directory| format!("the directory `{}`", directory.display()));
    let owner = binding.owner.as_ref().map(|owner| format!("files of the user `{}`", owner.name));
    let signer = binding.signer.as_ref().map(|signer| format!("release documents that `{signer}` signed"));
    match (directory, owner, signer) {
        (Some(directory), Some(owner), None) => format!("{directory} with {owner}"),
        (Some(directory), Some(owner), Some(signer)) => format!("{directory} with {owner}, or to {signer}"),
        (one, other, signer) => {
            let ways: Vec<String> = [one.or(other), signer].into_iter().flatten().collect();
            ways.join(", or to ")
        }
    }
}

/// What claims to be the application, in words.
fn place(claim: Claim<'_>) -> String {
    match claim {
        Claim::Files(team) => format!("`{}`", team.path().display()),
        Claim::Document { path: Some(path), .. } => format!("the release document `{}`", path.display()),
        Claim::Document { path: None, .. } => "the release document on standard input".to_owned(),
    }
}

/// The lines of `agent.toml` that make a claim right.
fn lines(application: &str, claim: Claim<'_>) -> String {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let line = match claim {
        Claim::Files(team) => format!("directory = {}", text(&real(team.path()).display().to_string())),
        Claim::Document { signer: Some(signer), .. } => format!("signer = {}", text(signer)),
        Claim::Document { path: Some(path), .. } => {
            let path = real(path);
            let above = path.parent().unwrap_or(Path::new("/"));
            format!(
                "directory = {}   # or `signer`, the key that signs its release documents",
                text(&above.display().to_string())
            )
        }
        Claim::Document { .. } => "signer = \"RW…\"   # the key that signs its release documents".to_owned(),
    };
    lines_of(application, &line)
}

/// The table of `agent.toml` that binds an application.
#[must_use]
pub fn lines_of(application: &str, line: &str) -> String {
    format!("[[applications]]\nname = {}\n{line}\n", text(application))
}

/// A text as TOML writes it.
#[must_use]
pub fn text(value: &str) -> String {
    toml::Value::from(value).to_string()
}

#[cfg(test)]
#[path = "binding/tests.rs"]
mod tests;
