//! A client that goes away, a key that is revoked and a second client, each in the middle of a deployment.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use windlass_stage::{Run, Sshd};
use windlass_tests::{Resident, expect, socket, tells};

use super::support::Gate;

#[test]
fn a_deployment_whose_client_is_gone_goes_on_to_its_end() -> Result<()> {
    let gate = Gate::new("gate-gone", &["read", "deploy"])?;
    gate.slowly("2")?;
    let line = format!("deploy {} --json", gate.small.name);
    let mut child = gate.begin(&line)?;
    let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
    let opened = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("\"event\":\"opened\"")));
    ensure!(opened.is_some(), "the deployment was not opened");
    child.kill()?;
    child.wait()?;
    drop(lines);
    let history = gate.history()?;
    ensure!(history[0]["outcome"] == "open", "it ended before the client was gone: {history:?}");
    ensure!(gate.outcome(2)? == "succeeded");
    gate.serves("2")
}

#[test]
fn the_agent_that_stays_knows_the_key_and_a_job_that_is_run_again_joins_its_deployment() -> Result<()> {
    let gate = Gate::new("gate-agent", &["read", "deploy"])?;
    let (name, rules) = (gate.small.name.clone(), fs::read_to_string(gate.config())?);
    fs::write(gate.config(), format!("{rules}\n[agent]\nsocket = \"{}\"\n", socket(&gate.small).display()))?;
    let agent = Resident::start(&gate.small, &[])?;
    tells(&expect(gate.ask("")?, 0)?, &["ci-uat (SSH key SHA256:", &name, "read, deploy"])?;
    gate.slowly("2")?;
    let mut child = gate.begin(&format!("deploy {name} --json"))?;
    let mut lines = BufReader::new(child.stdout.take().context("a pipe")?).lines();
    let opened = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("\"event\":\"opened\"")));
    ensure!(opened.is_some(), "the deployment was not opened");
    child.kill()?;
    child.wait()?;
    let again = expect(gate.ask(format!("deploy {name}"))?, 0)?;
    tells(&again, &["The same command runs already", "Deploying", "succeeded"])?;
    gate.serves("2")?;
    ensure!(gate.history()?.len() == 2, "{:?}", gate.history()?);
    tells(&expect(gate.ask(format!("show {name}"))?, 0)?, &["by ci-uat (SSH key SHA256:"])?;
    tells(&expect(gate.ask(format!("attach {name}"))?, 0)?, &["succeeded"])?;
    expect(gate.ask("stop")?, 17)?;
    // The rules for the key count, and not that the session is root's.
    expect(gate.ask("status")?, 10)?;
    expect(gate.ask(format!("freeze {name} --reason no"))?, 10)?;
    agent.end().map(drop)
}

/// Where the operator lets a key have a terminal, its loss is a hangup for everything that runs in it.
#[test]
fn a_deployment_whose_terminal_is_gone_goes_on_to_its_end() -> Result<()> {
    let mut gate = Gate::new("gate-terminal", &["read", "deploy"])?;
    gate.sshd = Sshd::start_with("uat1", &[], "ExposeAuthInfo yes\n")?;
    gate.authorize(&format!("command=\"{}\" {}", gate.command("ci-uat")?, gate.public("client")?))?;
    gate.allow(&["read", "deploy"])?;
    gate.slowly("2")?;
    let line = format!("deploy {}", gate.small.name);
    let mut child = gate.client(&["-tt"])?.args(["--", &line]).spawn()?;
    gate.is_open()?;
    child.kill()?;
    child.wait()?;
    ensure!(gate.history()?[0]["outcome"] == "open", "it ended before the terminal was gone");
    ensure!(gate.outcome(2)? == "succeeded", "{:?}", gate.history()?);
    gate.serves("2")
}

#[test]
fn whenever_a_client_goes_away_the_deployment_ends_well_or_does_not_begin() -> Result<()> {
    let gate = Gate::new("gate-phases", &["read", "deploy"])?;
    for (version, milliseconds) in (2..).zip([50, 150, 300, 500, 800, 1200]) {
        gate.small.version(&version.to_string())?;
        let before = gate.history()?.len();
        let mut child = gate.begin(&format!("deploy {}", gate.small.name))?;
        // Neither stream is read: both pipes break when the client ends.
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill()?;
        child.wait()?;
        gate.is_idle()?;
        if gate.history()?.len() > before {
            ensure!(gate.outcome(before + 1)? == "succeeded", "after {milliseconds} ms: {:?}", gate.history()?);
            gate.serves(&version.to_string())?;
        }
    }
    // Nothing holds the application.
    gate.small.version("end")?;
    expect(gate.ask(format!("deploy {} --wait 30s", gate.small.name))?, 0)?;
    gate.serves("end")
}

#[test]
fn of_two_clients_at_once_one_deploys_and_the_other_is_told_or_waits() -> Result<()> {
    let gate = Gate::new("gate-two", &["read", "deploy"])?;
    let name = &gate.small.name;
    gate.slowly("2")?;
    let first = gate.begin(&format!("deploy {name}"))?;
    gate.is_open()?;
    tells(&expect(gate.ask(format!("deploy {name}"))?, 13)?, &["is held by ci-uat"])?;
    let second = gate.ask(format!("deploy {name} --wait 1m"))?;
    let first = Run::from(first.wait_with_output()?);
    expect(first, 0)?;
    expect(second, 0)?;
    gate.serves("2")
}

#[test]
fn a_key_that_is_revoked_in_the_middle_is_refused_at_its_next_login() -> Result<()> {
    let gate = Gate::new("gate-revoked", &["read", "deploy"])?;
    let (name, host) = (&gate.small.name, &gate.small.host);
    // The line as the command writes it.
    gate.authorize("# keys of this server\n")?;
    set_mode(&gate.sshd.authorized())?;
    let file = gate.sshd.authorized().display().to_string();
    let public = gate.sshd.directory().join("client.pub").display().to_string();
    expect(gate.ask("whoami")?, 255)?;
    let install = ["ssh-gate", "install", "--key", &public, "--name", "ci-uat", "--file", &file];
    expect(host.run(install.iter().chain(&["--yes"]))?, 0)?;
    expect(gate.ask("whoami")?, 0)?;

    gate.slowly("2")?;
    let mut child = gate.begin(&format!("deploy {name}"))?;
    gate.is_open()?;
    let revoked = expect(host.run(["ssh-gate", "revoke", "ci-uat", "--file", &file])?, 0)?;
    tells(&revoked, &["its next login is refused", "sessions that are open go on", "pgrep -af"])?;
    expect(gate.ask("whoami")?, 255)?;
    ensure!(std::fs::read_to_string(&file)? == "# keys of this server\n");
    let mut errors = String::new();
    child.stderr.take().context("a pipe")?.read_to_string(&mut errors)?;
    ensure!(child.wait()?.code() == Some(0), "{errors}");
    ensure!(gate.outcome(2)? == "succeeded");
    gate.serves("2")
}

/// As sshd wants it.
fn set_mode(file: &std::path::Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))?)
}
