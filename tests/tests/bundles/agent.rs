//! Through the socket of the agent that stays: who may bring files, two at once, and an agent that dies.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::json;
use windlass_stage::Run;
use windlass_tests::{Resident, expect, tells};

use super::{Sender, fed, send};

/// The number of a user and of its group that hosts have for those who are nothing else.
const OTHER: u32 = 65_534;

impl Sender {
    /// Sends the files as that user.
    fn send_as_other(&self, line: &[&str], bundle: &[u8]) -> Result<Run> {
        let mut command = self.small.host.command(line);
        fed(command.uid(OTHER).gid(OTHER).current_dir("/"), bundle)
    }

    /// What that user may do.
    fn allow(&self, may: &[&str]) -> Result<()> {
        let name = self.name();
        let rule = format!("\n[[access]]\nusers = [\"nobody\"]\nmay = {may:?}\napplications = [\"{name}\"]\n");
        let rule = if may.is_empty() { String::new() } else { rule };
        Resident::configure(&self.small, &format!("group = \"{OTHER}\"\n{rule}"))
    }
}

#[test]
fn who_may_deploy_brings_files_only_where_a_rule_says_so() -> Result<()> {
    ensure!(Command::new("id").arg("-u").output()?.stdout == b"0\n", "the tests of other users run as root");
    let sender = Sender::running("bundle-agent")?;
    let (small, name) = (&sender.small, sender.name());
    fs::set_permissions(small.host.root(), fs::Permissions::from_mode(0o755))?;
    sender.allow(&["read", "check", "deploy"])?;
    let agent = Resident::start(small, &[])?;
    sender.version("2")?;
    let bundle = sender.bundle()?;
    let kept = sender.kept()?;
    for line in [
        &["deploy", name, "--bundle", "-"][..],
        &["plan", name, "--bundle", "-"],
        &["check", name, "--bundle", "-"],
        &["config", name, "--bundle", "-"],
        &["release", "create", name, "--bundle", "-"],
    ] {
        let denied = expect(sender.send_as_other(line, &bundle)?, 10)?;
        let rule = format!("users = [\"nobody\"] may = [\"bring-files\"] applications = [\"{name}\"]");
        tells(&denied, &["nobody (local user 65534) may not `bring-files` on", "[[access]]", &rule])?;
        // The same whatever is sent: who may not bring files does not learn what is wrong with them.
        tells(&expect(sender.send_as_other(line, b"x")?, 10)?, &["may not `bring-files`"])?;
    }
    ensure!(sender.kept()? == kept, "{:?}", sender.kept()?);
    small.serves("1")?;
    // The right alone deploys nothing.
    sender.allow(&["bring-files"])?;
    tells(&expect(sender.send_as_other(&["deploy", name, "--bundle", "-"], &bundle)?, 10)?, &["may not `deploy`"])?;
    sender.allow(&["deploy", "bring-files"])?;
    expect(sender.send_as_other(&["deploy", name, "--bundle", "-"], &bundle)?, 0)?;
    small.serves("2")?;
    tells(&expect(sender.send_as_other(&["whoami"], b"")?, 0)?, &["deploy, bring-files"])?;
    expect(sender.send_as_other(&["deploy", "other", "--bundle", "-"], &bundle)?, 10)?;
    expect(small.host.run(["rollback", name])?, 0)?;
    small.serves("1")?;

    // As a request of any program, and as large as it may be.
    let command = |content: &[u8]| {
        let bundle = String::from(windlass_api::command::Content(content.to_vec()));
        json!({ "command": "plan", "subject": { "from": "files", "application": name, "bundle": bundle } }).to_string()
    };
    let largest = vec![b'#'; 32 << 20];
    let answered = agent.ask("POST /v1/operations", &[], &command(&largest))?;
    ensure!(answered.status == 202, "{} {}", answered.status, answered.body);
    let path = json!({ "command": "config", "application": "/srv/kudos", "bundle": "AA==" }).to_string();
    let answered = agent.ask("POST /v1/operations", &[], &path)?;
    ensure!(answered.status == 400 && answered.body.contains("is a path, and a bundle"), "{answered:?}");
    agent.end().map(drop)
}

#[test]
fn of_two_bundles_at_once_one_is_deployed_and_the_other_waits_or_is_told() -> Result<()> {
    let sender = Sender::running("bundle-two")?;
    let agent = Resident::begin(&sender.small)?;
    sender.slowly()?;
    sender.version("2")?;
    let (two, name) = (sender.bundle()?, sender.name());
    sender.version("3")?;
    let three = sender.bundle()?;
    let line = ["deploy", name, "--bundle", "-", "--wait", "1m"];
    std::thread::scope(|scope| -> Result<()> {
        let first = scope.spawn(|| send(&sender.small.host, &line, &two));
        let same = scope.spawn(|| send(&sender.small.host, &line, &two));
        let other = scope.spawn(|| send(&sender.small.host, &line, &three));
        for run in [first, same, other] {
            expect(run.join().map_err(|_| anyhow::anyhow!("it panicked"))??, 0)?;
        }
        Ok(())
    })?;
    // The same one twice is one deployment.
    let history = sender.small.history()?;
    ensure!(history.lines().count() == 3, "{history}");
    let serves = sender.small.read()?;
    ensure!(["2", "3"].contains(&serves.as_str()), "{serves}");
    agent.end().map(drop)
}

#[test]
fn an_agent_that_dies_goes_on_with_what_it_was_sent_when_it_is_there_again() -> Result<()> {
    let sender = Sender::running("bundle-dies")?;
    let (small, name) = (&sender.small, sender.name());
    let agent = Resident::begin(small)?;
    sender.slowly()?;
    sender.version("2")?;
    let file = small.host.root().join("kudos.tar");
    fs::write(&file, sender.bundle()?)?;
    let path = file.display().to_string();
    let mut deployment = windlass_stage::Live::start(&mut small.host.command(["deploy", name, "--bundle", &path]))?;
    deployment.wait_for(&["Applying"])?;
    fs::remove_file(&file)?;
    agent.kill()?;
    let agent = Resident::start(small, &[])?;
    expect(deployment.end()?, 0)?;
    small.serves("2")?;
    agent.end().map(drop)
}
