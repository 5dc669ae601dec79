//! The agent that stays, with the real binary, engine and sockets: what a caller sees of it is what they see without it, and a
//! deployment does not care whether its caller, or the agent, is still there.

mod drift;
mod protocol;
mod refusals;
mod watch;
mod workers;

use std::fs;

use anyhow::{Context as _, Result, ensure};
use regex::Regex;
use serde_json::Value;
use windlass_stage::{Live, Run, docker};
use windlass_tests::{Resident, Small, expect, socket, tells};

/// A version that is healthy when the test says so: its start is a step that goes on until then.
const UNTIL_TOLD: &str = "test -e /tmp/told";

/// Version 2, which waits until it is told.
fn waiting_version(small: &Small) -> Result<()> {
    let text = small.compose().replace("VERSION: \"1\"", "VERSION: \"2\"").replace("retries: 5", "retries: 300");
    small.write("compose.yaml", text.replace("echo | nc 127.0.0.1 80", UNTIL_TOLD))
}

/// Tells it.
fn tell(small: &Small) -> Result<()> {
    docker(["exec", &format!("{}-web-1", small.name), "sh", "-c", ": > /tmp/told"]).map(drop)
}

/// A deployment that another process asks for.
fn deploy(small: &Small, more: &[&str]) -> Result<Live> {
    Live::start(&mut small.host.command(["deploy", &small.name].iter().chain(more)))
}

/// What differs between two deployments that are the same to a person.
fn alike(run: &Run) -> String {
    let mut text = format!("{}\n{}\n{}", run.code, run.stdout, run.stderr);
    for (pattern, word) in [
        (r"\b[0-9]+\.[0-9]s\b", "T"),
        (r#""took":[0-9]+"#, "T"),
        (r"\b[0-9a-hjkmnp-tv-z]{12}\b", "ID"),
        (r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+Z", "TIME"),
        (r"\b[0-9a-f]{64}\b", "HASH"),
        (r"\b[0-9]{5}\b", "PORT"),
    ] {
        if let Ok(pattern) = Regex::new(pattern) {
            text = pattern.replace_all(&text, word).into_owned();
        }
    }
    text
}

#[test]
fn what_a_person_reads_is_the_same_with_and_without_an_agent() -> Result<()> {
    let small = Small::running("same")?;
    let name = small.name.clone();
    let lines: Vec<Vec<&str>> = vec![
        vec!["status"],
        vec!["status", &name, "--json"],
        vec!["history", "--json"],
        vec!["show", &name],
        vec!["show", &name, "--json"],
        vec!["logs", &name],
        vec!["config", &name],
        vec!["plan", &name],
        vec!["check", &name],
        vec!["release", "list", &name],
        vec!["release", "show", &name],
        vec!["outbox", "list"],
        vec!["audit", "verify"],
        vec!["plugin", "inspect", "strategy-compose"],
        vec!["plugin", "grants", &name],
        vec!["doctor"],
        vec!["resume"],
        vec!["deploy", "unknown"],
        vec!["rollback", &name, "--to", "nothing"],
        vec!["show", "zzzz"],
    ];
    Resident::configure(&small, "")?;
    let run = || lines.iter().map(|line| small.host.run(line)).collect::<Result<Vec<Run>>>();
    let without = run()?;
    let agent = Resident::start(&small, &[])?;
    let with = run()?;
    agent.end()?;
    for ((line, without), with) in lines.iter().zip(without).zip(with) {
        let (without, with) = (alike(&without), alike(&with));
        ensure!(without == with, "{line:?}: without an agent\n{without}\nand with one\n{with}");
    }
    Ok(())
}

#[test]
fn a_deployment_reads_the_same_with_and_without_an_agent() -> Result<()> {
    let story = |small: &Small| -> Result<Vec<String>> {
        let mut told = vec![alike(&small.deploy(&[])?)];
        told.push(alike(&small.deploy(&[])?));
        small.version("2")?;
        told.push(alike(&small.deploy(&["--json"])?));
        small.write("compose.yaml", small.compose().replace("echo | nc 127.0.0.1 80", "false"))?;
        told.push(alike(&small.deploy(&[])?));
        told.push(alike(&small.host.run(["rollback", &small.name])?));
        Ok(told)
    };
    let (without, with) = (Small::set("reads-w-out")?, Small::set("reads-agent")?);
    let agent = Resident::begin(&with)?;
    let (first, second) = (story(&without)?, story(&with)?);
    agent.end()?;
    for (first, second) in first.into_iter().zip(second) {
        let second = second.replace("reads-agent", "reads-w-out");
        ensure!(first == second, "without an agent\n{first}\nand with one\n{second}");
    }
    Ok(())
}

#[test]
fn a_deployment_goes_on_when_its_caller_is_killed_and_others_join_it() -> Result<()> {
    let small = Small::running("orphan")?;
    let agent = Resident::begin(&small)?;
    waiting_version(&small)?;
    let mut first = deploy(&small, &[])?;
    first.wait_for(&["Waiting", "healthy"])?;
    first.signal("KILL")?;
    expect(first.end()?, -1)?;

    // The same request is the same deployment, and another one is told what runs.
    let mut again = deploy(&small, &[])?;
    again.wait_for(&["The same command runs already", "root (local user 0)"])?;
    again.wait_for(&["Waiting", "healthy"])?;
    let other = expect(small.deploy(&["--reason", "another"])?, 13)?;
    tells(&other, &["wlsmall-orphan"])?;
    let watched = Live::start(&mut small.host.command(["attach", &small.name, "--json"]))?;
    let listed = agent.ask("GET /v1/operations", &[], "")?.json()?;
    let running: Vec<&Value> = listed.as_array().into_iter().flatten().filter(|one| one["running"] == true).collect();
    ensure!(running.len() == 1 && running[0]["application"] == small.name.as_str(), "{listed}");
    // Who only looks ends only the look.
    let ended = Live::start(&mut small.host.command(["attach"]))?;
    ended.signal("INT")?;
    ended.end()?;

    tell(&small)?;
    expect(again.end()?, 0)?;
    let watched = expect(watched.end()?, 0)?;
    let first = watched.stdout.lines().next().unwrap_or_default();
    ensure!(first.contains("\"event\":\"opened\""), "it is not shown from its beginning: {}", watched.stdout);
    small.serves("2")?;
    ensure!(small.history()?.lines().count() == 2, "{}", small.history()?);
    tells(&expect(small.host.run(["attach"])?, 0)?, &["succeeded"])?;
    agent.end().map(drop)
}

#[test]
fn an_agent_that_is_restarted_lets_the_step_end_and_goes_on_where_it_was() -> Result<()> {
    let small = Small::running("restart")?;
    let mut agent = Resident::begin(&small)?;
    waiting_version(&small)?;
    let mut caller = deploy(&small, &[])?;
    caller.wait_for(&["Waiting", "healthy"])?;
    agent.ask_to_end()?;
    // It takes nothing any more, and the step is not cut off.
    let refused = agent.ask("POST /v1/operations", &[], "{\"command\":\"status\"}")?;
    ensure!(refused.status == 503 && refused.headers.contains("retry-after:"), "{refused:?}");
    tell(&small)?;
    expect(agent.ended()?, 0)?;
    ensure!(small.host.root().join("maintenance.json").exists(), "nothing says that it was stopped in order");

    let agent = Resident::start(&small, &[])?;
    let run = expect(caller.end()?, 0)?;
    tells(&run, &["the agent is restarting", "Verified health"])?;
    ensure!(!small.host.root().join("maintenance.json").exists(), "it is there again");
    small.serves("2")?;
    let shown: Value =
        serde_json::from_str(expect(small.host.run(["show", &small.name, "--json"])?, 0)?.stdout.trim())?;
    ensure!(shown["outcome"] == "succeeded" && shown["principal"]["proof"] == "local-user", "{shown}");
    agent.end().map(drop)
}

#[test]
fn a_deployment_is_stopped_by_another_command_and_left_as_it_is_by_another_word() -> Result<()> {
    let small = Small::running("stop")?;
    let agent = Resident::begin(&small)?;
    waiting_version(&small)?;
    let mut caller = deploy(&small, &[])?;
    caller.wait_for(&["Waiting", "healthy"])?;
    tells(&expect(small.host.run(["stop"])?, 0)?, &["is put back"])?;
    tells(&expect(caller.end()?, 11)?, &["cancelled"])?;
    small.serves("1")?;
    expect(small.host.run(["stop"])?, 17)?;

    // A person's Ctrl-C stops what they asked for, as without an agent.
    let mut caller = deploy(&small, &["--retry"])?;
    caller.wait_for(&["Waiting", "healthy"])?;
    caller.signal("INT")?;
    expect(caller.end()?, 11)?;
    small.serves("1")?;

    let mut caller = deploy(&small, &["--retry"])?;
    caller.wait_for(&["Waiting", "healthy"])?;
    expect(small.host.run(["stop", &small.name, "--leave"])?, 0)?;
    tells(&expect(caller.end()?, 14)?, &["windlass resume"])?;
    expect(small.host.run(["resume", &small.name, "--unwind"])?, 11)?;
    small.serves("1")?;
    agent.end().map(drop)
}

#[test]
fn what_an_earlier_process_left_open_is_resumed_at_the_start() -> Result<()> {
    let small = Small::running("left-open")?;
    small.version("2")?;
    let crashed = small.host.command(["deploy", &small.name]).env("WINDLASS_TEST_CRASH", "after:9").output()?;
    ensure!(!crashed.status.success(), "{crashed:?}");
    Resident::configure(&small, "")?;
    let mut command = small.host.command(["agent"]);
    let mut agent = Live::start(&mut command)?;
    agent.wait_for(&["it resumes 1 open deployment"])?;
    tells(&expect(small.host.run(["attach"])?, 0)?, &["Resuming", "succeeded"])?;
    small.serves("2")?;
    agent.signal("TERM")?;
    expect(agent.end()?, 0).map(drop)
}

#[test]
fn the_state_of_operations_is_the_agents_alone() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let small = Small::running("alone")?;
    let agent = Resident::begin(&small)?;
    expect(small.deploy(&[])?, 0)?;
    let directory = small.state.join("operations");
    let file = fs::read_dir(&directory)?.next().context("a file")??.path();
    for (path, mode) in [(directory, 0o700), (file, 0o600), (socket(&small), 0o660)] {
        let found = fs::metadata(&path)?.permissions().mode() & 0o777;
        ensure!(found == mode, "{} has mode {found:o}", path.display());
    }
    agent.end()?;
    ensure!(!socket(&small).exists(), "the socket stayed");
    Ok(())
}
