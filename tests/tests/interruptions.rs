//! What happens to a deployment when something happens to the agent, its terminal, or the engine.

use anyhow::{Result, ensure};
use windlass_stage::{Kudos, Live};
use windlass_tests::{exactly, expect, pair, world};

/// A line of progress that shows that the update is in the middle: the new API is being started.
const MIDDLE: &[&str] = &["Applying", "start backend"];

fn begin(name: &str) -> Result<Kudos> {
    let kudos = pair(name)?;
    expect(kudos.host.run(["deploy", name])?, 0)?;
    Ok(kudos)
}

fn update(kudos: &Kudos, more: &[&str]) -> Result<Live> {
    let arguments = ["deploy", &kudos.name, "--set", "web=2", "--set", "backend=2"];
    Live::start(&mut kudos.host.command(arguments.iter().chain(more)))
}

#[test]
fn an_interrupt_puts_everything_back() -> Result<()> {
    for signal in ["INT", "TERM"] {
        let kudos = begin("interrupt")?;
        let mut deployment = update(&kudos, &[])?;
        deployment.wait_for(MIDDLE)?;
        deployment.signal(signal)?;
        expect(deployment.end()?, 11)?;
        assert_eq!(world(&kudos)?, exactly(&kudos, "1"), "after {signal}");
        // The deployment was stopped by a signal: nothing failed, and the output must not say that it did.
        let shown = expect(kudos.host.run(["show", &kudos.name])?, 0)?.stdout;
        ensure!(shown.starts_with("cancelled: ") && !shown.contains("failed"), "{shown}");
        ensure!(shown.contains("stopped") && shown.contains("undone in"), "{shown}");
        let history = expect(kudos.host.run(["history", &kudos.name])?, 0)?.stdout;
        ensure!(history.contains("cancelled") && !history.contains("rolled back"), "{history}");
    }
    Ok(())
}

#[test]
fn a_second_interrupt_leaves_the_journal_open_and_says_how_to_go_on() -> Result<()> {
    let kudos = begin("twice")?;
    let mut deployment = update(&kudos, &[])?;
    deployment.wait_for(MIDDLE)?;
    deployment.signal("INT")?;
    deployment.signal("INT")?;
    let run = deployment.end()?;
    if run.code == 14 {
        assert!(run.stderr.contains("windlass resume"), "{}", run.stderr);
        let resumed = kudos.host.run(["resume", "twice"])?;
        ensure!([0, 11].contains(&resumed.code), "{resumed:?}");
        let world = world(&kudos)?;
        assert!(world == exactly(&kudos, "1") || world == exactly(&kudos, "2"), "{world:#?}");
    } else {
        // Both signals may come as one; then it is put back.
        expect(run, 11)?;
        assert_eq!(world(&kudos)?, exactly(&kudos, "1"));
    }
    Ok(())
}

#[test]
fn a_lost_terminal_changes_nothing() -> Result<()> {
    let kudos = begin("hangup")?;
    let mut deployment = update(&kudos, &[])?;
    deployment.wait_for(MIDDLE)?;
    deployment.signal("HUP")?;
    expect(deployment.end()?, 0)?;
    assert_eq!(world(&kudos)?, exactly(&kudos, "2"));
    Ok(())
}

#[test]
fn after_a_kill_the_next_deployment_goes_on_first() -> Result<()> {
    let kudos = begin("kill")?;
    let mut deployment = update(&kudos, &[])?;
    deployment.wait_for(MIDDLE)?;
    deployment.signal("KILL")?;
    expect(deployment.end()?, -1)?;
    expect(update(&kudos, &["--retry"])?.end()?, 0)?;
    assert_eq!(world(&kudos)?, exactly(&kudos, "2"));
    Ok(())
}

#[test]
fn a_second_deployment_is_told_who_holds_the_application_or_waits() -> Result<()> {
    let kudos = begin("both")?;
    let mut first = update(&kudos, &[])?;
    first.wait_for(MIDDLE)?;
    let second = kudos.host.run(["deploy", "both"])?;
    let refused = expect(second, 13)?;
    assert!(refused.stderr.contains("since"), "{}", refused.stderr);
    let waited = kudos.host.run(["deploy", "both", "--set", "web=2", "--set", "backend=2", "--wait", "60s"])?;
    expect(first.end()?, 0)?;
    assert!(expect(waited, 0)?.stdout.contains("unchanged"));
    assert_eq!(world(&kudos)?, exactly(&kudos, "2"));
    Ok(())
}
