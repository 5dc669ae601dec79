//! What a key may do: what a rule says, as the record and `whoami` show it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_stage::fingerprint;
use windlass_tests::{Resident, expect, socket, tells};

use super::support::{Gate, output};

#[test]
fn a_key_does_what_a_rule_allows_and_the_record_names_it() -> Result<()> {
    let gate = Gate::new("gate", &["read", "deploy"])?;
    let (name, small) = (gate.small.name.clone(), &gate.small);
    let key = fingerprint(&gate.sshd.directory().join("client.pub"))?;
    small.version("2")?;
    let deployed = expect(gate.ask(format!("deploy {name} --reason 'two  words'"))?, 0)?;
    small.serves("2")?;
    let newest = gate.history()?.into_iter().next().context("a deployment")?;
    let id = newest["deployment"].as_str().context("an id")?;
    let first = deployed.stderr.lines().next().unwrap_or_default();
    ensure!(first.contains(&format!("(deployment {id})")), "the id is not in the first line: {deployed:?}");
    ensure!(newest["reason"] == "two  words" && newest["actor"] == "ci-uat", "{newest}");
    let principal = &newest["principal"];
    ensure!(principal["proof"] == "ssh-key" && principal["fingerprint"] == key.as_str(), "{newest}");

    // The id comes first for programs too.
    small.version("3")?;
    let told = expect(gate.ask(format!("deploy {name} --json"))?, 0)?.stdout;
    let opened: Value = told
        .lines()
        .map(serde_json::from_str)
        .find(|line: &Result<Value, _>| line.as_ref().is_ok_and(|line| !line["of"]["deployment"].is_null()))
        .context("no event has a deployment")??;
    ensure!(opened["event"] == "opened", "{told}");

    // A document comes on standard input, and is believed as far as one from anywhere else.
    let document = expect(gate.ask(format!("release create {name}"))?, 0)?.stdout;
    tells(&expect(gate.send("release show -", document.as_bytes())?, 0)?, &[&name])?;
    let bound = expect(gate.send(&format!("deploy {name} --release -"), document.as_bytes())?, 10)?;
    tells(&bound, &["the release document on standard input may not act for"])?;
    expect(gate.send(&format!("deploy {name} --release -"), b"{}")?, 3)?;

    // Every ending comes back as it is.
    for (line, code) in [
        (format!("show {name}"), 0),
        (format!("status {name} --frobnicate"), 2),
        ("history".to_owned(), 10),
        (format!("freeze {name} --reason sale"), 10),
        (format!("deploy {name} --break-glass sale"), 10),
        ("deploy other".to_owned(), 10),
        (format!("rollback {name} --to v99"), 17),
    ] {
        let run = gate.ask(&line)?;
        ensure!(run.code == code, "{line}: {run:?}");
    }
    Ok(())
}

#[test]
fn without_a_command_a_key_learns_who_it_is_and_without_a_rule_it_may_do_nothing() -> Result<()> {
    let gate = Gate::new("gate-who", &["read", "deploy"])?;
    let key = fingerprint(&gate.sshd.directory().join("client.pub"))?;
    let name = gate.small.name.clone();
    let who =
        format!("ci-uat (SSH key {key}, local user {})", output(std::process::Command::new("id").arg("-u"))?.trim());
    let asked = |gate: &Gate, line: &[&str]| -> Result<_> { expect(gate.client(&[])?.args(line).output()?.into(), 0) };
    for line in [&[][..], &["--", ""], &["--", "whoami"]] {
        let told = asked(&gate, line)?;
        tells(&told, &[&who, &format!("{name} may read, deploy")])?;
    }
    let told: Value = serde_json::from_str(&asked(&gate, &["--", "whoami --json"])?.stdout)?;
    ensure!(told["type"] == "access" && told["principal"]["fingerprint"] == key.as_str(), "{told}");
    ensure!(told["applications"][0]["may"] == serde_json::json!(["read", "deploy"]), "{told}");

    // Without any rule a user of the host may do everything, and a key nothing.
    gate.allow(&[])?;
    tells(&asked(&gate, &[])?, &[&who, "may do nothing here"])?;
    for line in [
        format!("deploy {name}"),
        format!("status {name}"),
        "status".to_owned(),
        "doctor".to_owned(),
        "trigger staging".to_owned(),
    ] {
        let told = expect(gate.ask(&line)?, 10)?;
        tells(&told, &["ci-uat (SSH key SHA256:", "may not `", "[[access]]", &format!("keys = [\"{key}\"]")])?;
    }
    expect(gate.small.host.run(["status"])?, 0)?;
    ensure!(gate.history()?.len() == 1, "a key without a rule deployed");
    Ok(())
}

#[test]
fn a_key_that_sshd_does_not_name_is_refused_with_the_lines_that_are_missing() -> Result<()> {
    let gate = Gate::new("gate-unnamed", &["read"])?;
    let small = &gate.small;
    let silent = windlass_stage::Sshd::start("uat1", &[])?;
    let public = std::fs::read_to_string(silent.directory().join("client.pub"))?;
    let line = format!("restrict,command=\"{}\" {public}", gate.command("ci-uat")?);
    std::fs::write(silent.authorized(), line)?;
    let gate = Gate { sshd: silent, small: windlass_tests::Small::set("gate-unnamed-2")? };
    for line in [format!("status {}", small.name), "whoami".to_owned()] {
        let told = expect(gate.ask(&line)?, 3)?;
        tells(&told, &["`SSH_USER_AUTH` is not set", "Match User ", "ExposeAuthInfo yes"])?;
    }
    Ok(())
}

#[test]
fn a_certificate_is_known_by_its_key_and_its_id() -> Result<()> {
    let gate = Gate::new("gate-certified", &["read"])?;
    let authority = gate.sshd.key("ca")?;
    let line = format!(
        "cert-authority,principals=\"deploy-uat\",restrict,command=\"{}\" {}",
        gate.command("ci-uat")?,
        gate.public("ca")?
    );
    gate.authorize(&line)?;
    let client = gate.sshd.directory().join("client.pub");
    let certify = |id: &str, principal: &str| {
        let mut keygen = std::process::Command::new(windlass_stage::program("ssh-keygen")?);
        output(keygen.arg("-q").arg("-s").arg(&authority).args(["-I", id, "-n", principal, "-V", "+5m"]).arg(&client))
    };
    // The key alone is no certificate.
    expect(gate.ask("whoami")?, 255)?;
    certify("alice@ci", "deploy-uat")?;
    let key = fingerprint(&client)?;
    let told = expect(gate.ask("whoami")?, 0)?;
    let ca = fingerprint(&gate.sshd.directory().join("ca.pub"))?;
    let who = format!("ci-uat (alice@ci) (SSH key {key}, certified by {ca}, local user ");
    tells(&told, &[&who, "may read"])?;
    expect(gate.ask(format!("status {}", gate.small.name))?, 0)?;
    // A rule for certificates needs no line for each key.
    let line = format!("deploy {}", gate.small.name);
    tells(&expect(gate.ask(&line)?, 10)?, &[&format!("certificates = [\"{ca} alice@ci\"]")])?;
    let rules = fs::read_to_string(gate.config())?;
    fs::write(gate.config(), format!("{rules}\n[[access]]\ncertificates = [\"{ca} alice@ci\"]\nmay = [\"deploy\"]\n"))?;
    expect(gate.ask(&line)?, 0)?;
    let principal = gate.history()?[0]["principal"].clone();
    ensure!(principal["authority"] == ca.as_str() && principal["certificate"] == "alice@ci", "{principal}");
    certify("bob@ci", "deploy-uat")?;
    expect(gate.ask(&line)?, 10)?;
    // The same through the agent that stays.
    let rules = fs::read_to_string(gate.config())?;
    fs::write(gate.config(), format!("{rules}\n[agent]\nsocket = \"{}\"\n", socket(&gate.small).display()))?;
    let agent = Resident::start(&gate.small, &[])?;
    expect(gate.ask(&line)?, 10)?;
    certify("alice@ci", "deploy-uat")?;
    tells(&expect(gate.ask("whoami")?, 0)?, &[&who, "deploy"])?;
    expect(gate.ask(&line)?, 0)?;
    agent.end()?;
    for id in ["$(id)", "alice ci", "-x"] {
        certify(id, "deploy-uat")?;
        tells(&expect(gate.ask("whoami")?, 3)?, &["the certificate's id is not made of"])?;
    }
    certify("alice@ci", "deploy-production")?;
    expect(gate.ask("whoami")?, 255)?;
    Ok(())
}

/// A program that prints the line for a fingerprint, as sshd asks for it. Root's alone, because sshd runs no other.
#[test]
fn a_line_that_a_program_prints_runs_the_gate_too() -> Result<()> {
    if output(std::process::Command::new("id").arg("-u"))?.trim() != "0" {
        return Ok(());
    }
    let directory = tempfile::tempdir_in("/run")?;
    let program = directory.path().join("keys");
    let lines = format!("AuthorizedKeysCommand {} %f\nAuthorizedKeysCommandUser root\n", program.display());
    let gate = Gate::with("gate-asked", &["read"], &[], &lines)?;
    gate.authorize("")?;
    let key = fingerprint(&gate.sshd.directory().join("client.pub"))?;
    let line = format!("restrict,command=\"{}\" {}", gate.command("printed")?, gate.public("client")?);
    let script = |known: &str| -> Result<()> {
        let text = format!("#!/bin/sh\ntest \"$1\" = {known} && cat <<'END'\n{}\nEND\n", line.trim());
        std::fs::write(&program, text)?;
        Ok(std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?)
    };
    script("SHA256:of-another")?;
    expect(gate.ask("whoami")?, 255)?;
    script(&key)?;
    tells(&expect(gate.ask("whoami")?, 0)?, &[&format!("printed (SSH key {key}, "), "may read"])?;
    Ok(())
}
