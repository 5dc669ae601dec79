//! `ssh-gate install`, `list` and `revoke`: what is written, and what is not.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Result, ensure};
use windlass_stage::{Host, Sshd, fingerprint};
use windlass_tests::{agent, expect, tells};

/// A host without an engine, a file of keys, and two keys.
struct Place {
    host: Host,
    file: PathBuf,
    keys: Sshd,
    _root: tempfile::TempDir,
}

impl Place {
    fn new(content: &str) -> Result<Self> {
        let root = tempfile::tempdir()?;
        let host = Host::new(&agent()?, root.path())?;
        let file = root.path().join("authorized_keys");
        fs::write(&file, content)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        let keys = Sshd::start("uat1", &[])?;
        keys.key("other")?;
        Ok(Self { host, file, keys, _root: root })
    }

    fn run(&self, line: &str) -> Result<windlass_stage::Run> {
        let line = line.replace("FILE", &self.file.display().to_string());
        let line = line.replace("KEYS", &self.keys.directory().display().to_string());
        self.host.run(line.split_whitespace())
    }

    fn install(&self, more: &str) -> Result<windlass_stage::Run> {
        self.run(&format!("ssh-gate install --key KEYS/client.pub --name ci-uat --file FILE {more}"))
    }

    fn text(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.file)?)
    }
}

#[test]
fn a_key_is_shown_with_all_that_lets_it_in_before_its_line_is_written() -> Result<()> {
    let before = "# mine\nssh-ed25519 AAAA me\n";
    let place = Place::new(before)?;
    let key = fingerprint(&place.keys.directory().join("client.pub"))?;
    let public = fs::read_to_string(place.keys.directory().join("client.pub"))?;
    let blob = public.split(' ').nth(1).unwrap_or_default();
    let line = format!(
        "restrict,command=\"{} ssh-gate --key ci-uat --config {}\" ssh-ed25519 {blob} ci-uat",
        agent()?.display(),
        place.host.root().join("agent.toml").display()
    );
    let shown = [
        line.as_str(),
        "Match User USER",
        "ExposeAuthInfo yes",
        "[[access]]",
        &format!("keys = [\"{key}\"]"),
        "may = [\"read\", \"deploy\"]",
        "applications = [\"kudos\"]",
    ];
    let dry = place.host.run(
        ["ssh-gate", "install", "--name", "ci-uat", "--dry-run", "--allow", "deploy kudos", "--allow", "read kudos"]
            .into_iter()
            .chain(["--key", &place.keys.directory().join("client.pub").display().to_string()])
            .chain(["--file", &place.file.display().to_string()]),
    )?;
    for words in shown {
        ensure!(dry.stdout.contains(words), "{words}: {dry:?}");
    }
    ensure!(dry.code == 0 && place.text()? == before, "{dry:?}");
    // Nobody can be asked here, and nobody says no.
    tells(&expect(place.install("")?, 2)?, &["nothing was written", "`--yes`"])?;
    ensure!(place.text()? == before && !place.file.with_file_name("authorized_keys.before-windlass").exists());

    let inode = fs::metadata(&place.file)?.ino();
    tells(
        &expect(place.install("--yes")?, 0)?,
        &["wrote `", "authorized_keys.before-windlass` is the file from before"],
    )?;
    let after = place.text()?;
    ensure!(after.starts_with(before) && after.lines().any(|found| found == line), "{after}");
    ensure!(fs::metadata(&place.file)?.ino() != inode && fs::metadata(&place.file)?.mode() & 0o7777 == 0o600);
    ensure!(fs::read_to_string(place.file.with_file_name("authorized_keys.before-windlass"))? == before);

    tells(&expect(place.run("ssh-gate list --file FILE")?, 0)?, &["ci-uat", &key])?;
    let listed = expect(place.run("ssh-gate list --file FILE --json")?, 0)?.stdout;
    ensure!(listed.contains("\"type\":\"key\"") && listed.contains("\"state\":\"there\""), "{listed}");
    tells(&expect(place.install("--yes")?, 10)?, &["line 4 has this key already", "revoke ci-uat"])?;
    let named = place.run("ssh-gate install --key KEYS/other.pub --name ci-uat --file FILE --yes")?;
    tells(&expect(named, 10)?, &["there is a key with the name `ci-uat` already"])?;
    tells(&expect(place.run("ssh-gate revoke nobody --file FILE")?, 17)?, &["there are `ci-uat`"])?;
    expect(place.run("ssh-gate revoke ci-uat --file FILE")?, 0)?;
    ensure!(place.text()? == before, "{}", place.text()?);
    tells(&expect(place.run("ssh-gate list --file FILE")?, 0)?, &["no key in `"])?;
    Ok(())
}

#[test]
fn what_is_no_public_key_and_what_is_no_file_of_keys_is_refused() -> Result<()> {
    let place = Place::new("")?;
    let directory = place.keys.directory().to_owned();
    fs::write(directory.join("empty"), "")?;
    for (key, words) in [
        ("KEYS/client", "it is a private key"),
        ("KEYS/nobody", "cannot read `"),
        ("KEYS/empty", "it is no public key"),
        ("KEYS/config", "it is no public key"),
        ("/dev/zero", "it is a device, not a file"),
    ] {
        let run = expect(place.run(&format!("ssh-gate install --key {key} --name a --file FILE --yes"))?, 3)?;
        tells(&run, &[words])?;
        ensure!(!run.stderr.contains("OPENSSH"), "{run:?}");
    }
    for (name, code) in [("a/b", 2), ("--", 2), ("a;id", 2), ("$(id)", 2)] {
        let run = place.run(&format!("ssh-gate install --key KEYS/client.pub --name={name} --file FILE --yes"))?;
        expect(run, code)?;
    }
    expect(place.run("ssh-gate list --user no-user-of-that-name")?, 17)?;

    let real = place.file.with_file_name("real");
    fs::rename(&place.file, &real)?;
    symlink(&real, &place.file)?;
    tells(&expect(place.install("--yes")?, 3)?, &["is a symbolic link"])?;
    ensure!(fs::read_to_string(&real)?.is_empty() && is_link(&place.file));
    fs::remove_file(&place.file)?;
    fs::write(&place.file, "# windlass end\n")?;
    tells(&expect(place.install("--yes")?, 3)?, &["the marks of the lines"])?;
    fs::write(&place.file, format!("ssh-rsa AAAA\n{}", fs::read_to_string(directory.join("client.pub"))?))?;
    tells(&expect(place.install("--yes")?, 10)?, &["line 2 has this key already", "with an editor"])?;
    fs::set_permissions(&place.file, fs::Permissions::from_mode(0o666))?;
    tells(&expect(place.install("--yes")?, 3)?, &["can be written by others"])?;
    Ok(())
}

/// Whoever says no at a terminal writes nothing: `script` gives it one.
#[test]
fn at_a_terminal_a_person_is_asked() -> Result<()> {
    let Ok(script) = windlass_stage::program("script") else { return Ok(()) };
    for (answer, is_written) in [("n\n", false), ("\n", false), ("y\n", true)] {
        let place = Place::new("")?;
        let line = format!(
            "{} ssh-gate install --key {}/client.pub --name ci-uat --file {}",
            agent()?.display(),
            place.keys.directory().display(),
            place.file.display()
        );
        let mut command = std::process::Command::new(&script);
        command.args(["-qec", &line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            std::io::Write::write_all(&mut input, answer.as_bytes())?;
        }
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(text.contains("[y/N]"), "{text}");
        ensure!(place.text()?.contains("ssh-gate --key ci-uat") == is_written, "{answer:?}: {text}");
    }
    Ok(())
}

fn is_link(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink())
}
