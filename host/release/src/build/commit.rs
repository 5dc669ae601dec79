//! The commit that is built: the one that was given, or that of the git repository around the directory.

use std::path::Path;
use std::process::{Command, Stdio};

use windlass_foundation::names::Kind;

use super::BuildError;

/// Which commit is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The commit.
    pub id: String,
    /// Whether the directory has changes that are not in it.
    pub is_changed: bool,
}

/// Asks git which commit is checked out.
///
/// # Errors
/// When there is no git, no repository, or git does not trust it.
pub fn commit(directory: &Path) -> Result<Commit, BuildError> {
    let id = git(directory, &["rev-parse", "--verify", "HEAD"])?.trim().to_owned();
    if !Kind::Commit.is(&id) {
        return Err(BuildError::NoCommit { why: "git does not name one".to_owned() });
    }
    // Git runs no program that another user configured here: it refuses a repository that belongs to another user.
    let changes = git(directory, &["status", "--porcelain", "--untracked-files=no", "--", "."])?;
    Ok(Commit { id, is_changed: !changes.trim().is_empty() })
}

fn git(directory: &Path, arguments: &[&str]) -> Result<String, BuildError> {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).args(["-c", "core.fsmonitor=false"]).args(arguments);
    command.env("GIT_OPTIONAL_LOCKS", "0").stdin(Stdio::null());
    let output =
        command.output().map_err(|source| BuildError::NoCommit { why: format!("git cannot be run: {source}") })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().next().unwrap_or("git says no").trim_start_matches("fatal: ");
    Err(BuildError::NoCommit { why: first.chars().filter(|c| !c.is_control()).take(300).collect() })
}
