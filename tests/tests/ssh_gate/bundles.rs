//! Files of an application on the standard input of a session.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use windlass_ssh::server;
use windlass_stage::{Run, fingerprint};
use windlass_tests::{Resident, expect, socket, tells};

use super::support::{Gate, output};

/// The files of the small application in a directory of the sender's own, and as an archive.
fn bundle(gate: &Gate, version: &str) -> Result<(PathBuf, Vec<u8>)> {
    let place = gate.sshd.directory().join("files");
    fs::create_dir_all(&place)?;
    fs::write(place.join("release.toml"), gate.small.release())?;
    let compose = gate.small.compose().replace("VERSION: \"1\"", &format!("VERSION: \"{version}\""));
    fs::write(place.join("compose.yaml"), compose)?;
    let output = gate.small.host.command(["bundle"]).arg(&place).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok((place, output.stdout))
}

#[test]
fn a_key_brings_files_where_a_rule_says_so_and_otherwise_nothing_happens() -> Result<()> {
    let gate = Gate::new("gate-brings", &["read", "deploy"])?;
    let name = gate.small.name.clone();
    let (_, two) = bundle(&gate, "2")?;
    let line = format!("deploy {name} --bundle -");
    let key = fingerprint(&gate.sshd.directory().join("client.pub"))?;
    let rule = format!("keys = [\"{key}\"] may = [\"bring-files\"] applications = [\"{name}\"]");
    tells(&expect(gate.send(&line, &two)?, 10)?, &["may not `bring-files` on", &rule])?;
    gate.small.serves("1")?;
    ensure!(gate.history()?.len() == 1, "something was begun");

    gate.allow(&["read", "deploy", "bring-files"])?;
    tells(&expect(gate.ask("whoami")?, 0)?, &["may read, deploy, bring-files"])?;
    let told = expect(gate.send(&line, &two)?, 0)?;
    tells(&told, &["The files that came with the command count this time"])?;
    gate.serves("2")?;
    // The host's own files are of version 1 still, and count where none come.
    expect(gate.ask(format!("deploy {name}"))?, 0)?;
    gate.serves("1")?;
    expect(gate.ask(format!("rollback {name}"))?, 0)?;
    gate.serves("2")?;
    let shown = expect(gate.send(&format!("config {name} --bundle -"), &two)?, 0)?;
    tells(&shown, &["VERSION: \"2\""])?;

    // One standard input is one thing, and a file of the host is none of the key's.
    for (line, code, words) in [
        (format!("deploy {name} --bundle - --release -"), 2, "cannot be used with"),
        (format!("deploy {name} --bundle /etc/passwd"), 10, "cannot name `/etc/passwd`"),
        ("bundle /etc".to_owned(), 10, "`bundle` is no command that a key can run"),
        (format!("deploy {name} --bundle -"), 3, "the archive is empty"),
    ] {
        tells(&expect(gate.send(&line, b"")?, code)?, &[words])?;
    }
    // As `tar` writes it.
    let (place, _) = bundle(&gate, "3")?;
    let tar = std::process::Command::new("tar").args(["c", "-C"]).arg(&place).arg(".").output()?.stdout;
    expect(gate.send(&format!("deploy {name} --bundle -"), &tar)?, 0)?;
    gate.serves("3")
}

#[test]
fn a_connection_that_is_cut_while_the_files_are_sent_begins_nothing() -> Result<()> {
    let gate = Gate::new("gate-cut", &["read", "deploy", "bring-files"])?;
    let (place, _) = bundle(&gate, "2")?;
    // Large enough to be on the way for a while.
    fs::write(place.join("data"), vec![7; 4 << 20])?;
    let (_, bundle) = bundle(&gate, "2")?;
    let line = format!("deploy {} --bundle -", gate.small.name);
    for part in [0, 700, bundle.len() / 2, bundle.len() - 1] {
        let mut child = gate.client(&[])?.args(["--", &line]).stdin(Stdio::piped()).spawn()?;
        let mut input = child.stdin.take().context("a pipe")?;
        input.write_all(&bundle[..part])?;
        input.flush()?;
        std::thread::sleep(std::time::Duration::from_millis(300));
        child.kill()?;
        child.wait()?;
        gate.is_idle()?;
        ensure!(gate.history()?.len() == 1, "after {part} bytes: {:?}", gate.history()?);
    }
    gate.serves("1")?;
    let kept = gate.small.state.join("bundles/sha256");
    ensure!(fs::read_dir(&kept)?.count() == 1, "something of it was kept");
    expect(gate.send(&line, &bundle)?, 0)?;
    gate.serves("2")
}

/// A user of this host that is there for one test.
struct Account(&'static str);

impl Account {
    /// As docs/ssh.md makes one: a shell, no password, and nothing that belongs to it.
    fn make(name: &'static str) -> Result<Self> {
        // What an earlier run left.
        drop(Self(name));
        output(Command::new("useradd").args(["--no-create-home", "--home-dir", "/", "--shell", "/bin/sh", name]))?;
        let account = Self(name);
        output(Command::new("usermod").args(["--password", "*", name]))?;
        Ok(account)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        Command::new("userdel").arg(self.0).stderr(Stdio::null()).status().ok();
    }
}

#[test]
fn an_account_without_any_right_deploys_what_it_brings_through_the_agent() -> Result<()> {
    if output(Command::new("id").arg("-u"))?.trim() != "0" {
        return Ok(());
    }
    let account = Account::make("wlgate")?;
    let gate = Gate::with("gate-account", &["read", "deploy", "bring-files"], &[], &server::lines(account.0))?;
    // sshd reads the keys with the rights of the account, and so does the gate the operator's file.
    for (path, mode) in
        [(gate.sshd.directory(), 0o755), (&gate.sshd.authorized(), 0o644), (gate.small.host.root(), 0o755)]
    {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    let rules = fs::read_to_string(gate.config())?;
    let resident = |more: &str| -> Result<()> {
        let socket = socket(&gate.small).display().to_string();
        let text = format!("{rules}\n[agent]\nsocket = \"{socket}\"\ngroup = \"{}\"\n{more}", account.0);
        Ok(fs::write(gate.config(), text)?)
    };
    resident("")?;
    let agent = Resident::start(&gate.small, &[])?;
    let send = |line: &str, input: &[u8]| -> Result<Run> {
        let mut child = gate.client(&["-l", account.0])?.args(["--", line]).stdin(Stdio::piped()).spawn()?;
        child.stdin.take().context("a pipe")?.write_all(input).ok();
        Ok(Run::from(child.wait_with_output()?))
    };
    let (name, (_, two)) = (gate.small.name.clone(), bundle(&gate, "2")?);
    let line = format!("deploy {name} --bundle -");
    tells(&expect(send(&line, &two)?, 10)?, &["may not say which SSH key", "ssh-users = [\"wlgate\"]"])?;
    gate.small.serves("1")?;

    resident(&format!("ssh-users = [\"{}\"]\n", account.0))?;
    let number = output(Command::new("id").args(["-u", account.0]))?;
    let key = fingerprint(&gate.sshd.directory().join("client.pub"))?;
    let who = format!("ci-uat (SSH key {key}, local user {})", number.trim());
    tells(&expect(send("", b"")?, 0)?, &[&who, "may read, deploy, bring-files"])?;
    expect(send(&line, &two)?, 0)?;
    gate.serves("2")?;
    tells(&expect(send(&format!("show {name}"), b"")?, 0)?, &[&format!("by {who}")])?;
    expect(send(&format!("rollback {name}"), b"")?, 0)?;
    gate.serves("1")?;
    // What another key of the account may not do, it may not either.
    gate.allow(&["read", "deploy"])?;
    let rules = fs::read_to_string(gate.config())?;
    let socket = socket(&gate.small).display().to_string();
    let more = format!("group = \"{0}\"\nssh-users = [\"{0}\"]\n", account.0);
    fs::write(gate.config(), format!("{rules}\n[agent]\nsocket = \"{socket}\"\n{more}"))?;
    tells(&expect(send(&line, &two)?, 10)?, &["may not `bring-files`"])?;
    gate.small.serves("1")?;
    agent.end().map(drop)
}
