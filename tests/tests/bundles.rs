//! Applications whose files come with the command: as `windlass bundle` and `tar` write them, by who may bring them, and as
//! none should be.
//!
//! Real are the agent, the engine, `tar` and the application, whose files are nowhere on the host.

mod agent;
mod direct;
mod refused;

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use windlass_stage::{Host, Run, program};
use windlass_tests::{Small, expect};

/// A host, and the files of an application beside it.
struct Sender {
    small: Small,
    files: tempfile::TempDir,
}

impl Sender {
    /// Nothing is deployed yet.
    fn new(name: &str) -> Result<Self> {
        let sender = Self { small: Small::set(name)?, files: tempfile::tempdir()? };
        fs::remove_dir_all(sender.small.directory())?;
        sender.write("release.toml", &sender.small.release())?;
        sender.version("1")?;
        Ok(sender)
    }

    /// The same, and version 1 serves, which came so.
    fn running(name: &str) -> Result<Self> {
        let sender = Self::new(name)?;
        expect(sender.deploy(&[])?, 0)?;
        sender.small.serves("1")?;
        Ok(sender)
    }

    fn name(&self) -> &str {
        &self.small.name
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        Ok(fs::write(self.files.path().join(name), text)?)
    }

    /// The files are of this version from now on.
    fn version(&self, version: &str) -> Result<()> {
        let text = self.small.compose().replace("VERSION: \"1\"", &format!("VERSION: \"{version}\""));
        self.write("compose.yaml", &text)
    }

    /// Deployments take some seconds from now on.
    fn slowly(&self) -> Result<()> {
        self.write("release.toml", &self.small.release().replace("settle = \"200ms\"", "settle = \"4s\""))
    }

    /// The files as `windlass bundle` writes them.
    fn bundle(&self) -> Result<Vec<u8>> {
        let mut command = self.small.host.command(["bundle"]);
        let output = command.current_dir(self.files.path()).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(output.stdout)
    }

    /// The files as `tar` writes them.
    fn tar(&self, more: &[&str]) -> Result<Vec<u8>> {
        let mut command = Command::new(program("tar")?);
        let output = command.arg("c").args(more).args(["-C"]).arg(self.files.path()).arg(".").output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(output.stdout)
    }

    /// Deploys the files.
    fn deploy(&self, more: &[&str]) -> Result<Run> {
        send(&self.small.host, &[&["deploy", self.name(), "--bundle", "-"], more].concat(), &self.bundle()?)
    }

    /// The directory of the bundles that are kept, and what is in it.
    fn kept(&self) -> Result<Vec<PathBuf>> {
        let place = self.small.state.join("bundles/sha256");
        let mut kept: Vec<PathBuf> = fs::read_dir(place)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        kept.sort();
        Ok(kept)
    }
}

/// Runs a command with something on standard input.
fn send(host: &Host, line: &[&str], input: &[u8]) -> Result<Run> {
    fed(&mut host.command(line), input)
}

fn fed(command: &mut Command, input: &[u8]) -> Result<Run> {
    let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = streams.spawn()?;
    // It may end without reading.
    child.stdin.take().context("a pipe")?.write_all(input).ok();
    Ok(Run::from(child.wait_with_output()?))
}
