//! Other programs, and ports for them.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Where packages put servers, besides `PATH`.
const PLACES: &[&str] = &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The full path of a program.
///
/// # Errors
/// When it is nowhere; `cargo xtask setup` installs all that is needed.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(PLACES.iter().map(Into::into))
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
        .with_context(|| format!("`{name}` is not installed: run `cargo xtask setup`"))
}

/// A loopback port that was free a moment ago.
///
/// # Errors
/// When the machine has none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Runs Docker's own client and returns what it printed.
///
/// # Errors
/// When it fails, with what it wrote to standard error.
pub fn docker<I, S>(arguments: I) -> Result<String>
where
    I: IntoIterator<Item = S>,
    S: AsRef<std::ffi::OsStr>,
{
    let mut command = Command::new(program("docker")?);
    command.args(arguments);
    let output = command.output().context("cannot start docker")?;
    if !output.status.success() {
        let shown: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
        bail!("`docker {}` failed: {}", shown.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Packs a directory, as it is, into a tar archive in `beside`, and returns the archive's path.
///
/// # Errors
/// When `tar` is missing or fails.
pub(crate) fn archive(root: &Path, beside: &Path) -> Result<String> {
    let archive = beside.join("root.tar").display().to_string();
    let status = Command::new("tar").args(["-C", &root.display().to_string(), "-cf", &archive, "."]).status();
    if !status.context("cannot start tar")?.success() {
        bail!("`tar` could not pack {}", root.display());
    }
    Ok(archive)
}
