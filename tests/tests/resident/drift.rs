//! Drift: containers that are stopped or removed by hand, found by the agent without being asked. And the sweep on
//! schedule.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;
use windlass_stage::docker;
use windlass_tests::{Resident, Small, expect, tells};

/// An application that runs, with an agent that looks as often as it may.
fn ready(name: &str, top: &str) -> Result<(Small, Resident)> {
    let small = Small::set(name)?;
    Resident::configure(&small, "drift-every = \"10s\"\nsweep-every = false\n")?;
    small.write("release.toml", format!("{top}\n{}", small.release()))?;
    let agent = Resident::start(&small, &[])?;
    small.begin()?;
    Ok((small, agent))
}

fn container(small: &Small) -> String {
    format!("{}-web-1", small.name)
}

fn status(small: &Small) -> Result<Value> {
    Ok(serde_json::from_str(expect(small.host.run(["status", &small.name, "--json"])?, 0)?.stdout.trim())?)
}

#[test]
fn drift_is_told_once_and_again_when_it_is_over() -> Result<()> {
    let (small, mut agent) = ready("drift-report", "")?;
    docker(["stop", "-t", "0", &container(&small)])?;
    agent.says(&[&small.name, "drift: "])?;
    let found = status(&small)?;
    ensure!(found["found"][0]["by"] == "drift" && found["found"][0]["since"].is_string(), "{found}");
    docker(["start", &container(&small)])?;
    agent.says(&[&small.name, "drift: as it was deployed again"])?;
    ensure!(status(&small)?["found"].is_null(), "{}", status(&small)?);
    ensure!(small.history()?.lines().count() == 1, "{}", small.history()?);
    expect(small.host.run(["audit", "verify"])?, 0)?;
    let said = agent.end()?;
    ensure!(said.stderr.matches("drift: ").count() == 2, "{said:?}");
    Ok(())
}

#[test]
fn what_was_deployed_is_put_right_but_not_for_ever() -> Result<()> {
    let (small, mut agent) = ready("drift-restore", "on-drift = \"restore\"")?;
    for number in 2..=4 {
        docker(["rm", "-f", &container(&small)])?;
        agent.says(&[&small.name, "drift: "])?;
        let since = Instant::now();
        while small.history()?.lines().count() < number {
            ensure!(since.elapsed() < Duration::from_mins(1), "nothing is put right: {}", small.history()?);
            thread::sleep(Duration::from_millis(100));
        }
        expect(small.host.run(["attach", &small.name])?, 0)?;
        small.serves("1")?;
        ensure!(small.history()?.lines().count() == number, "{}", small.history()?);
    }
    let shown: Value =
        serde_json::from_str(expect(small.host.run(["show", &small.name, "--json"])?, 0)?.stdout.trim())?;
    ensure!(shown["principal"]["proof"] == "agent" && shown["rollback"] == false, "{shown}");
    ensure!(shown["reason"].as_str().unwrap_or_default().starts_with("drift: "), "{shown}");
    // Another tool wants something else.
    docker(["rm", "-f", &container(&small)])?;
    agent.says(&["it is not put right: that was done 3 times within an hour"])?;
    ensure!(small.history()?.lines().count() == 4, "{}", small.history()?);
    // A person is not kept from it.
    expect(small.deploy(&[])?, 0)?;
    small.serves("1")?;
    agent.end().map(drop)
}

#[test]
fn what_nothing_needs_is_removed_on_schedule() -> Result<()> {
    let small = Small::set("swept")?;
    small.operator("")?;
    small.begin()?;
    // A plan that was never deployed leaves its files, for a while.
    small.version("2")?;
    expect(small.host.run(["plan", &small.name])?, 0)?;
    for entry in std::fs::read_dir(small.state.join("bundles/sha256"))? {
        ensure!(Command::new("touch").args(["-d", "30 days ago"]).arg(entry?.path()).status()?.success(), "touch");
    }
    Resident::configure(&small, "sweep-every = \"10s\"\n")?;
    let mut agent = Resident::start(&small, &[])?;
    agent.says(&[&small.name, "sweep: removed the bundle "])?;
    small.serves("1")?;
    expect(small.host.run(["verify", &small.name])?, 0)?;
    tells(&agent.end()?, &["the agent has ended"])
}
