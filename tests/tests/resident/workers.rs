//! The processes that carry out what the agent was asked: one that breaks off is followed by another one, one whose agent is gone
//! leaves everything as it is, and none stays.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_tests::{Resident, Small, expect, tells};

use super::{deploy, tell, waiting_version};

/// How many lines the journal has.
fn lines(small: &Small) -> Result<u64> {
    let audit: Value = serde_json::from_str(expect(small.host.run(["audit", "verify", "--json"])?, 0)?.stdout.trim())?;
    audit["lines"].as_u64().with_context(|| audit.to_string())
}

/// The processes that the agent started, by their ids.
fn workers(agent: &Resident) -> Result<Vec<String>> {
    let found = std::process::Command::new("pgrep").args(["--parent", &agent.id()?.to_string()]).output()?;
    Ok(String::from_utf8(found.stdout)?.lines().map(str::to_owned).collect())
}

/// Sends one a signal.
fn signal(name: &str, process: &str) -> Result<()> {
    let sent = std::process::Command::new("kill").args([&format!("-{name}"), process]).status()?;
    ensure!(sent.success(), "{process} takes no signal");
    Ok(())
}

#[test]
fn a_worker_that_crashes_at_a_journal_line_is_followed_by_another_one() -> Result<()> {
    let small = Small::running("crash")?;
    Resident::configure(&small, "")?;
    small.version("2")?;
    let before = lines(&small)?;
    expect(small.deploy(&[])?, 0)?;
    // Every third line, with the first and the last: each one is tried without an agent elsewhere.
    let last = lines(&small)? - before;
    for (number, line) in (1..=last).step_by(3).chain([last]).enumerate() {
        let version = (number + 3).to_string();
        let once = small.host.root().join(format!("crashed-{number}")).display().to_string();
        let crash = format!("after:{line}");
        let agent = Resident::start(&small, &[("WINDLASS_TEST_CRASH", &crash), ("WINDLASS_TEST_CRASH_ONCE", &once)])?;
        small.version(&version)?;
        let run = deploy(&small, &[])?.end()?;
        ensure!(run.code == 0, "line {line} of {last}: {run:?}");
        ensure!(std::path::Path::new(&once).exists(), "line {line} of {last}: it did not crash");
        // After the last line nothing is left to be done.
        ensure!(line == last || run.stderr.contains("killed by signal 6; another one goes on"), "line {line}: {run:?}");
        ensure!(small.read()? == version, "line {line} of {last}: {} serves", small.read()?);
        ensure!(workers(&agent)?.is_empty(), "line {line} of {last}: a process stays");
        agent.end()?;
    }
    expect(small.host.run(["audit", "verify"])?, 0).map(drop)
}

#[test]
fn a_worker_that_breaks_off_each_time_is_given_up_and_its_deployment_stays_open() -> Result<()> {
    let small = Small::running("gives-up")?;
    Resident::configure(&small, "")?;
    let agent = Resident::start(&small, &[("WINDLASS_TEST_CRASH", "after:3")])?;
    small.version("2")?;
    let run = expect(deploy(&small, &[])?.end()?, 14)?;
    tells(&run, &["the process that carried out `deploy` broke off: it was killed by signal 6", "windlass resume"])?;
    // A look has no second try, and the agent is as it was.
    tells(&expect(small.host.run(["history", &small.name])?, 0)?, &["open"])?;
    agent.end()?;
    let agent = Resident::start(&small, &[])?;
    tells(&expect(small.host.run(["attach"])?, 0)?, &["succeeded"])?;
    small.serves("2")?;
    agent.end().map(drop)
}

#[test]
fn a_worker_that_the_kernel_kills_is_followed_by_another_one() -> Result<()> {
    let small = Small::running("out-of-memory")?;
    let agent = Resident::begin(&small)?;
    waiting_version(&small)?;
    let mut caller = deploy(&small, &[])?;
    caller.wait_for(&["Waiting", "healthy"])?;
    let found = workers(&agent)?;
    let [worker] = found.as_slice() else { anyhow::bail!("{found:?}") };
    // systemd sends it to all of a service where nothing else is said.
    signal("TERM", worker)?;
    signal("KILL", worker)?;
    caller.wait_for(&["it was killed by signal 9; another one goes on"])?;
    tell(&small)?;
    expect(caller.end()?, 0)?;
    small.serves("2")?;
    ensure!(small.history()?.lines().count() == 2, "{}", small.history()?);
    agent.end().map(drop)
}

#[test]
fn a_worker_whose_agent_is_killed_leaves_everything_to_the_next_agent() -> Result<()> {
    let small = Small::running("agent-killed")?;
    let agent = Resident::begin(&small)?;
    waiting_version(&small)?;
    let mut caller = deploy(&small, &[])?;
    caller.wait_for(&["Waiting", "healthy"])?;
    agent.kill()?;
    caller.wait_for(&["the connection to the agent is lost"])?;
    let agent = Resident::start(&small, &[])?;
    tell(&small)?;
    expect(caller.end()?, 0)?;
    small.serves("2")?;
    ensure!(small.history()?.lines().count() == 2, "{}", small.history()?);
    ensure!(workers(&agent)?.is_empty(), "a process stays");
    agent.end().map(drop)
}
