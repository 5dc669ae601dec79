//! Other programs, and ports for them.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
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

/// Ports that Linux gives only to programs that ask for them by number; its range for other programs begins at 32768.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A loopback port that was free a moment ago. No other call on this machine is given it until all the others of the
/// range were: a container of a test that has ended may keep its port for a while, also when nothing listens there.
///
/// # Errors
/// When the machine has none.
pub fn free_port() -> Result<u16> {
    let path = std::env::temp_dir().join("windlass-test-port");
    let mut last = File::options().create(true).truncate(false).read(true).write(true).open(&path)?;
    last.lock()?;
    let mut text = String::new();
    last.read_to_string(&mut text)?;
    // The first run on a machine finds an empty file.
    let begin: u16 = text.trim().parse().unwrap_or(PORTS.start);
    for port in (begin..PORTS.end).chain(PORTS.start..begin) {
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            last.rewind()?;
            // Every number of the range has five digits, so each takes the place of the one before.
            write!(last, "{}", port + 1)?;
            return Ok(port);
        }
    }
    bail!("no loopback port between {} and {} is free", PORTS.start, PORTS.end)
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
