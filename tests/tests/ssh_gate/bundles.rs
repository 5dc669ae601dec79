//! Files of an application on the standard input of a session.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use windlass_tests::{expect, tells};

use super::support::{Gate, fingerprint};

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
