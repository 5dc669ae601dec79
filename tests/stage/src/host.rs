//! A host that the agent works on: its directories in one place, and the binary run as a person runs it.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result};

/// The variable that names the root of a host on which all plugins of the agent were used once. Compiling them takes
/// seconds, which would be most of a short test.
pub const USED_HOST: &str = "WINDLASS_TEST_USED_HOST";

/// A directory that stands for a host's `/etc/windlass` and `/var/lib/windlass`.
#[derive(Debug)]
pub struct Host {
    binary: PathBuf,
    root: PathBuf,
}

/// How a command ended and what it printed.
#[derive(Debug, Clone)]
pub struct Run {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Host {
    /// Lays out a host below `root`, which must exist, for the `windlass` binary.
    ///
    /// # Errors
    /// When a directory cannot be made.
    pub fn new(binary: &Path, root: &Path) -> Result<Self> {
        for directory in ["applications", "secrets", "records"] {
            fs::create_dir_all(root.join(directory))?;
        }
        Ok(Self { binary: binary.to_owned(), root: root.to_owned() })
    }

    /// Gives it what a host has that plugins were used on before: their compiled code, below `state`. Without a used host
    /// in this run, it stays new.
    ///
    /// # Errors
    /// When a file cannot be linked or copied.
    pub fn has_been_used(&self) -> Result<()> {
        match std::env::var_os(USED_HOST) {
            Some(used) => copy(&Path::new(&used).join("state"), &self.root.join("state")),
            None => Ok(()),
        }
    }

    /// Where everything is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of an application.
    #[must_use]
    pub fn application(&self, name: &str) -> PathBuf {
        self.root.join("applications").join(name)
    }

    /// Writes `agent.toml`. In it, `/etc/windlass` and `/var/lib/windlass` mean this host's own directories.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn configure(&self, agent_toml: &str) -> Result<()> {
        self.configure_as("agent.toml", agent_toml)
    }

    /// Writes another operator's file beside it, for a second agent on the host.
    ///
    /// # Errors
    /// As for [`Host::configure`].
    pub fn configure_as(&self, file: &str, agent_toml: &str) -> Result<()> {
        let root = self.root.display().to_string();
        let text = agent_toml
            .replace("/etc/windlass/secrets", &format!("{root}/secrets"))
            .replace("/var/lib/windlass/records", &format!("{root}/records"))
            .replace("/var/lib/windlass", &format!("{root}/state"));
        let applications = format!("applications-directory = \"{root}/applications\"\n");
        let text = text.replacen("state-directory", &format!("{applications}state-directory"), 1);
        fs::write(self.root.join(file), text).with_context(|| format!("cannot write {file}"))
    }

    /// Stores a secret as operators do: a file that only its owner reads.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn secret(&self, name: &str, value: &str) -> Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.root.join("secrets").join(name);
        fs::write(&path, value)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(())
    }

    /// The command, ready to run or to be changed.
    #[must_use]
    pub fn command<I, S>(&self, arguments: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<std::ffi::OsStr>,
    {
        let mut command = Command::new(&self.binary);
        command.args(arguments).env("WINDLASS_CONFIG", self.root.join("agent.toml")).stdin(Stdio::null());
        command
    }

    /// Runs `windlass` to its end and keeps what it prints.
    ///
    /// # Errors
    /// When the binary cannot be started.
    pub fn run<I, S>(&self, arguments: I) -> Result<Run>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<std::ffi::OsStr>,
    {
        let output =
            self.command(arguments).output().with_context(|| format!("cannot start {}", self.binary.display()))?;
        Ok(Run::from(output))
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

/// What of a state directory is about plugins and not about deployments.
const ABOUT_PLUGINS: &[&str] = &["key", "plugins", "cache"];

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    for name in ABOUT_PLUGINS {
        copy_tree(&from.join(name), &to.join(name)).with_context(|| format!("cannot copy {name} of a used host"))?;
    }
    Ok(())
}

/// Files are linked where that is possible: the agent replaces them and never writes into them.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return Ok(fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))?);
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy_tree(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
