//! A Debian system with systemd at work in it, booted by systemd-nspawn in namespaces of its own.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{System, output};

/// How long it may take until systemd has started what it starts, and until it has stopped it. Only a defect takes so long.
const DEADLINE: Duration = Duration::from_mins(2);

/// The system. It is shut down when this is dropped.
pub struct Booted {
    container: Child,
    /// The system's first process, as this machine counts.
    first: String,
    /// What was laid over the tree.
    _system: System,
}

impl Booted {
    /// Boots a system.
    ///
    /// # Errors
    /// Where systemd-nspawn cannot boot one, with what it said.
    pub fn boot(system: System) -> Result<Self> {
        let mut command = system.entering()?;
        command
            .args(["systemd-nspawn", "--boot", "--quiet", "--register=no", "--private-network", "--console=pipe"])
            .args(["--machine", &format!("windlass-{}", std::process::id())])
            .arg("--directory")
            .arg(system.root());
        // Where this machine has no systemd, nobody could make a control group for the container.
        if !Path::new("/run/systemd/system").is_dir() {
            command.arg("--keep-unit");
        }
        let mut container = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let first = first_process(&mut container)?;
        let booted = Self { container, first, _system: system };
        booted.wait("systemd to be ready", "systemctl is-system-running | grep -E 'running|degraded'")?;
        Ok(booted)
    }

    fn command(&self, script: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.first, "--all", "--", "sh", "-ec", script]);
        command.env_clear().envs([
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ("DEBIAN_FRONTEND", "noninteractive"),
            ("LC_ALL", "C.UTF-8"),
        ]);
        command
    }

    /// What a script prints in it.
    ///
    /// # Errors
    /// When it fails, with all that it printed.
    pub fn run(&self, script: &str) -> Result<String> {
        output(&mut self.command(script))
    }

    /// Whatever a script does in it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn attempt(&self, script: &str) -> Result<Output> {
        Ok(self.command(script).output()?)
    }

    /// A script that goes on in it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn begin(&self, script: &str) -> Result<Child> {
        Ok(self.command(script).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    }

    /// Waits until a script succeeds.
    ///
    /// # Errors
    /// When it never does, with what it printed last.
    pub fn wait(&self, what: &str, script: &str) -> Result<()> {
        let begin = Instant::now();
        loop {
            match self.run(script) {
                Ok(_) => return Ok(()),
                Err(error) if begin.elapsed() > DEADLINE => bail!("waited for {what}: {error}"),
                Err(_) => std::thread::sleep(Duration::from_millis(200)),
            }
        }
    }
}

/// The only child of systemd-nspawn.
fn first_process(container: &mut Child) -> Result<String> {
    let nspawn = container.id();
    let children = format!("/proc/{nspawn}/task/{nspawn}/children");
    let begin = Instant::now();
    loop {
        let name = fs::read_to_string(format!("/proc/{nspawn}/comm")).unwrap_or_default();
        let told = fs::read_to_string(&children).unwrap_or_default();
        if name.trim() == "systemd-nspawn"
            && let Some(first) = told.split_whitespace().next()
            && fs::read_to_string(format!("/proc/{first}/comm")).is_ok_and(|name| name.trim() == "systemd")
        {
            return Ok(first.to_owned());
        }
        if container.try_wait()?.is_some() || begin.elapsed() > DEADLINE {
            container.kill().ok();
            let mut said = String::new();
            let errors = container.stderr.take().context("it has no standard error")?;
            std::io::Read::read_to_string(&mut { errors }, &mut said)?;
            bail!("systemd-nspawn boots no system here: {said}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        // Its SIGTERM is an orderly shutdown.
        Command::new("kill").args(["-TERM", &self.container.id().to_string()]).status().ok();
        let begin = Instant::now();
        while matches!(self.container.try_wait(), Ok(None)) && begin.elapsed() < DEADLINE {
            std::thread::sleep(Duration::from_millis(50));
        }
        self.container.kill().ok();
        self.container.wait().ok();
    }
}
