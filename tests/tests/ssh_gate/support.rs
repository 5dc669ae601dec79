//! A host with a small application, and an SSH server whose only line runs the gate.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use windlass_ssh::server;
use windlass_stage::{Run, Sshd, fingerprint, program};
use windlass_tests::{Small, agent};

/// How long anything may take here.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// How the application's steps take long enough to do something meanwhile.
const SLOW: &str = "settle = \"4s\"";

/// The host and its server.
pub(super) struct Gate {
    pub(super) small: Small,
    pub(super) sshd: Sshd,
}

impl Gate {
    /// Version 1 runs, and the key `ci-uat` may do this on the application.
    pub(super) fn new(name: &str, may: &[&str]) -> Result<Self> {
        Self::with(name, may, &[], "")
    }

    /// The same with variables in the environment of sessions, and more lines for the server.
    pub(super) fn with(name: &str, may: &[&str], environment: &[(&str, &str)], more: &str) -> Result<Self> {
        let user = output(Command::new("id").arg("-un"))?;
        // Of everything that a client sends, the server takes what it can.
        let lines =
            format!("AcceptEnv *\nSubsystem sftp /usr/lib/openssh/sftp-server\n{more}{}", server::lines(user.trim()));
        let gate = Self { small: Small::running(name)?, sshd: Sshd::start_with("uat1", environment, &lines)? };
        gate.authorize(&format!("restrict,command=\"{}\" {}", gate.command("ci-uat")?, gate.public("client")?))?;
        gate.allow(may)?;
        Ok(gate)
    }

    /// The operator's file.
    pub(super) fn config(&self) -> PathBuf {
        self.small.host.root().join("agent.toml")
    }

    /// The command of a line.
    pub(super) fn command(&self, key: &str) -> Result<String> {
        Ok(format!("{} ssh-gate --key {key} --config {}", agent()?.display(), self.config().display()))
    }

    /// A public key in the server's directory.
    pub(super) fn public(&self, key: &str) -> Result<String> {
        Ok(fs::read_to_string(self.sshd.directory().join(format!("{key}.pub")))?)
    }

    /// These are all keys that may log in.
    pub(super) fn authorize(&self, lines: &str) -> Result<()> {
        let file = self.sshd.authorized();
        fs::write(&file, lines)?;
        Ok(())
    }

    /// The operator's rule for the client's key.
    pub(super) fn allow(&self, may: &[&str]) -> Result<()> {
        if may.is_empty() {
            return self.small.operator("");
        }
        let fingerprint = fingerprint(&self.sshd.directory().join("client.pub"))?;
        let name = &self.small.name;
        self.small.operator(&format!(
            "\n[[access]]\nkeys = [\"{fingerprint}\"]\nmay = {may:?}\napplications = [\"{name}\"]\n"
        ))
    }

    /// Deployments take some seconds from now on, and the next one is of this version.
    pub(super) fn slowly(&self, version: &str) -> Result<()> {
        self.small.write("release.toml", self.small.release().replace("settle = \"200ms\"", SLOW))?;
        self.small.version(version)
    }

    /// The client, with options of its own.
    pub(super) fn client(&self, options: &[&str]) -> Result<Command> {
        let mut command = Command::new(program("ssh")?);
        command.arg("-F").arg(self.sshd.client_config()).args(["-o", "BatchMode=yes", "-o", "LogLevel=ERROR"]);
        command.args(options).arg("uat1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }

    /// Asks for this.
    pub(super) fn ask(&self, line: impl AsRef<OsStr>) -> Result<Run> {
        Ok(Run::from(self.client(&[])?.arg("--").arg(line).output()?))
    }

    /// The same with something on standard input.
    pub(super) fn send(&self, line: &str, input: &[u8]) -> Result<Run> {
        let mut child = self.client(&[])?.args(["--", line]).stdin(Stdio::piped()).spawn()?;
        // It may end without reading.
        child.stdin.take().context("a pipe")?.write_all(input).ok();
        Ok(Run::from(child.wait_with_output()?))
    }

    /// Asks for this and does not wait.
    pub(super) fn begin(&self, line: &str) -> Result<Child> {
        Ok(self.client(&[])?.args(["--", line]).spawn()?)
    }

    /// The deployments, the newest first, from the journal.
    pub(super) fn history(&self) -> Result<Vec<Value>> {
        self.small.history()?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }

    /// Waits for the outcome of so many deployments, and gives that of the newest.
    pub(super) fn outcome(&self, number: usize) -> Result<String> {
        let begin = Instant::now();
        loop {
            let history = self.history()?;
            let newest = history.first().and_then(|line| line["outcome"].as_str()).unwrap_or_default();
            if history.len() >= number && newest != "open" {
                return Ok(newest.to_owned());
            }
            if begin.elapsed() > PATIENCE {
                bail!("{number} deployments have not ended: {history:?}");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until the gate does not run, and has not for a second: a client that is gone may have been heard, or not.
    pub(super) fn is_idle(&self) -> Result<()> {
        let (begin, config) = (Instant::now(), self.config().display().to_string());
        let mut idle_since = Instant::now();
        while idle_since.elapsed() < Duration::from_secs(1) {
            ensure!(begin.elapsed() < PATIENCE, "the gate goes on");
            std::thread::sleep(Duration::from_millis(50));
            if processes(&config)?.next().is_some() {
                idle_since = Instant::now();
            }
        }
        Ok(())
    }

    /// Waits until exactly this version is there: what ran before goes after the deployment has succeeded.
    pub(super) fn serves(&self, version: &str) -> Result<()> {
        let begin = Instant::now();
        loop {
            match self.small.serves(version) {
                Err(_) if begin.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(200)),
                ended => return ended,
            }
        }
    }

    /// Waits until a deployment is open in the journal.
    pub(super) fn is_open(&self) -> Result<()> {
        let begin = Instant::now();
        while self.history()?.first().is_none_or(|line| line["outcome"] != "open") {
            ensure!(begin.elapsed() < PATIENCE, "no deployment was opened");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

/// The directories in `/proc` of the processes whose command line holds this text, each with its words.
pub(super) fn processes(text: &str) -> Result<impl Iterator<Item = (PathBuf, Vec<String>)>> {
    let directories = fs::read_dir("/proc")?.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(directories.filter_map(move |path| {
        // One that ended meanwhile has none.
        let line = String::from_utf8_lossy(&fs::read(path.join("cmdline")).ok()?).into_owned();
        line.contains(text).then(|| (path, line.split('\0').map(str::to_owned).collect()))
    }))
}

/// What a program prints.
pub(super) fn output(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}
