//! Containers that do not end when they are told to: their grace period is waited for after the success is told. The engine
//! is real.

use anyhow::{Context as _, Result, ensure};
use windlass_stage::Live;
use windlass_tests::{Small, expect, tells};

/// The line that tells the success.
const SUCCEEDED: &[&str] = &["Succeeded"];

/// Version 1 of an application whose container ignores its stop signal, and is replaced start-first where it holds no port.
fn stubborn(name: &str, ports: bool) -> Result<Small> {
    let small = Small::set(name)?;
    write(&small, "1", ports)?;
    expect(small.deploy(&[])?, 0)?;
    Ok(small)
}

fn write(small: &Small, version: &str, ports: bool) -> Result<()> {
    // What is a container's first process and handles no signal ignores it.
    let text = small.compose().replace("stop_signal: SIGKILL", "stop_grace_period: 8s");
    let text = text.replace("VERSION: \"1\"", &format!("VERSION: \"{version}\""));
    let kept = text.lines().filter(|line| ports || !line.contains("ports:"));
    small.write("compose.yaml", kept.collect::<Vec<_>>().join("\n"))
}

/// Deploys version 2, as far as a line of its progress.
fn update(small: &Small, ports: bool, line: &[&str]) -> Result<Live> {
    write(small, "2", ports)?;
    let mut update = Live::start(&mut small.host.command(["deploy", &small.name]))?;
    update.wait_for(line)?;
    Ok(update)
}

fn containers(small: &Small) -> Result<Vec<String>> {
    let world = small.world()?.into_iter();
    Ok(world.filter_map(|(name, facts)| Some(format!("{} {facts}", name.strip_prefix("container ")?))).collect())
}

/// Fails unless one container is there, under its name and running.
fn alone(small: &Small) -> Result<()> {
    let all = containers(small)?;
    let first = all.first().context("nothing is there")?;
    ensure!(all.len() == 1 && first.starts_with(&format!("{}-web-1 ", small.name)), "{all:#?}");
    ensure!(first.contains(" running "), "{all:#?}");
    Ok(())
}

#[test]
fn success_is_told_while_the_old_version_ends_and_one_wish_to_stop_does_not_change_it() -> Result<()> {
    let small = stubborn("slow-told", false)?;
    let before = containers(&small)?;
    let update = update(&small, false, SUCCEEDED)?;
    let now = containers(&small)?;
    let old = before[0].replace("web-1", "");
    let (_, facts) = old.split_once(' ').context("a name")?;
    ensure!(now.len() == 2 && now.iter().any(|one| one.ends_with(facts)), "before {before:#?}, now {now:#?}");
    update.signal("INT")?;
    let ended = expect(update.end()?, 0)?;
    tells(&ended, &["is too late", "Swept stop web (old)", "succeeded: "])?;
    alone(&small)?;
    tells(&expect(small.host.run(["status", &small.name])?, 0)?, &["runs as deployed"])
}

#[test]
fn what_was_left_after_success_is_done_by_resume() -> Result<()> {
    let small = stubborn("slow-left", false)?;
    let mut update = update(&small, false, SUCCEEDED)?;
    update.signal("INT")?;
    update.wait_for(&["is too late"])?;
    update.signal("INT")?;
    let left = expect(update.end()?, 14)?;
    tells(&left, &["succeeded, and was left open", "windlass resume"])?;
    tells(&expect(small.host.run(["resume", &small.name])?, 0)?, &["succeeded: "])?;
    alone(&small)
}

#[test]
fn a_kill_while_the_old_version_ends_is_made_good_by_the_next_deployment() -> Result<()> {
    let small = stubborn("slow-killed", false)?;
    let update = update(&small, false, SUCCEEDED)?;
    update.signal("KILL")?;
    expect(update.end()?, -1)?;
    // The next one fails, and goes back to what succeeded.
    small.write(
        "compose.yaml",
        std::fs::read_to_string(small.directory().join("compose.yaml"))?.replace("exec httpd", "exec false"),
    )?;
    expect(small.deploy(&[])?, 11)?;
    alone(&small)?;
    write(&small, "2", false)?;
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])
}

#[test]
fn a_kill_while_the_old_version_ends_first_is_put_back() -> Result<()> {
    let small = stubborn("slow-first", true)?;
    let update = update(&small, true, &["Applying", "stop web (old)"])?;
    update.signal("KILL")?;
    expect(update.end()?, -1)?;
    expect(small.host.run(["resume", &small.name, "--unwind"])?, 11)?;
    small.serves("1")
}
