//! A Docker Engine of a test's own, which it may stop and start without disturbing any other. It needs a network of its own.

use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::network;
use crate::process::program;

/// How long the engine may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// An engine with its own images, containers, networks and socket. It ends, and all of it goes, when it is dropped.
#[derive(Debug)]
pub struct Engine {
    directory: PathBuf,
    process: Option<Child>,
}

impl Engine {
    /// Starts the engine of this network: call it in [`in_own_network`](crate::in_own_network).
    ///
    /// # Errors
    /// When this is not a network of the test's own, or the engine does not start within a minute.
    pub fn start() -> Result<Self> {
        Self::start_in(network::engine()?)
    }

    /// Starts an engine that has its files in a directory with a short path. The network in which this is called must be
    /// its own.
    ///
    /// # Errors
    /// When it does not start within a minute.
    pub fn start_in(directory: impl Into<PathBuf>) -> Result<Self> {
        let mut engine = Self { directory: directory.into(), process: None };
        engine.up()?;
        Ok(engine)
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.directory.join("docker.sock")
    }

    /// Runs Docker's client against this engine.
    ///
    /// # Errors
    /// When it fails.
    pub fn docker<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Result<String> {
        let host = format!("unix://{}", self.socket().display());
        let arguments: Vec<&str> = arguments.into_iter().collect();
        crate::process::docker([&["-H", host.as_str()], arguments.as_slice()].concat())
    }

    /// Starts the engine's process and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it does not start.
    pub fn up(&mut self) -> Result<()> {
        let at = |name: &str| self.directory.join(name);
        fs::remove_file(at("ready")).ok();
        let notices = UnixDatagram::bind(at("ready"))?;
        notices.set_read_timeout(Some(PATIENCE))?;
        let log = File::options().create(true).append(true).open(at("log"))?;
        let process = Command::new(program("dockerd")?)
            .env("NOTIFY_SOCKET", at("ready"))
            .arg(format!("--host=unix://{}", self.socket().display()))
            .arg(format!("--data-root={}", at("data").display()))
            .arg(format!("--exec-root={}", at("exec").display()))
            .arg(format!("--pidfile={}", at("pid").display()))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("cannot start dockerd")?;
        self.process = Some(process);
        let mut notice = [0_u8; 1024];
        loop {
            let length = notices.recv(&mut notice).with_context(|| {
                format!("dockerd did not start: {}", fs::read_to_string(at("log")).unwrap_or_default())
            })?;
            if String::from_utf8_lossy(&notice[..length]).lines().any(|line| line == "READY=1") {
                return Ok(());
            }
        }
    }

    /// Ends the engine's process as a crash or an upgrade does; containers end with it.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn down(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            Command::new("kill").arg(process.id().to_string()).status()?;
            process.wait()?;
        }
        Ok(())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Ok(found) = self.docker(["ps", "-aq"]) {
            let names: Vec<_> = found.lines().collect();
            if !names.is_empty() {
                self.docker(["rm", "-f"].into_iter().chain(names)).ok();
            }
        }
        self.docker(["network", "prune", "-f"]).ok();
        self.down().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_goes_and_comes_back_with_what_it_had() -> Result<()> {
        crate::in_own_network(|| {
            let mut engine = Engine::start()?;
            engine.docker(["network", "create", "kept"])?;
            engine.down()?;
            engine.up()?;
            assert!(engine.docker(["network", "ls", "--format", "{{.Name}}"])?.contains("kept"));
            Ok(())
        })
    }
}
