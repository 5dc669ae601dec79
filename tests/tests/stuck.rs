//! Undo that fails for real, because a person changed the host in the middle of a deployment.
//!
//! The deployment is stuck: it names both errors and what is left, and blocks the application until a person answers.

use std::net::TcpListener;

use anyhow::{Result, ensure};
use windlass_stage::{Live, Run, docker};
use windlass_tests::{Small, expect, tells, text};

/// A person's answer that is given for stuck deployments.
const ACCEPT: [&str; 2] = ["--reason", "looked at it, and removed what was left"];

/// Deploys a version 2 on another port that never gets healthy, lets `meddle` do something on the host while the old
/// container is stopped, and ends the new one then.
fn update(small: &Small, port: u16, meddle: impl FnOnce(&str) -> Result<()>) -> Result<Run> {
    let old = docker(["inspect", "--format", "{{.Id}}", &format!("{}-web-1", small.name)])?;
    let compose = small
        .compose()
        .replace("VERSION: \"1\"", "VERSION: \"2\"")
        .replace(&small.port.to_string(), &port.to_string())
        .replace("echo | nc 127.0.0.1 80", "false")
        .replace("retries: 50", "retries: 1200");
    small.write("compose.yaml", compose)?;
    let mut deployment = Live::start(&mut small.host.command(["deploy", &small.name]))?;
    deployment.wait_for(&["Waiting until web is healthy"])?;
    meddle(&old)?;
    let filter = format!("label=com.docker.compose.project={}", small.name);
    for new in docker(["ps", "-q", "--filter", &filter])?.lines() {
        docker(["kill", new])?;
    }
    deployment.end()
}

fn is_blocked(small: &Small) -> Result<()> {
    let blocked = expect(small.deploy(&[])?, 12)?;
    tells(&blocked, &["is stuck", &format!("`windlass resolve {} --reason …`", small.name)])?;
    tells(&expect(small.host.run(["status", &small.name])?, 0)?, &["stuck"])?;
    tells(&expect(small.host.run(["history", &small.name])?, 0)?, &["stuck"])
}

#[test]
fn an_old_container_that_somebody_removed() -> Result<()> {
    let small = Small::running("removed")?;
    let run = update(&small, windlass_stage::free_port()?, |old| docker(["rm", "-f", old]).map(drop))?;
    let stuck = expect(run, 12)?;
    // Why it went back, why that failed, what is left, and what to do.
    tells(
        &stuck,
        &[
            "exit code 137",
            "undoing \"stop web (old)\" failed",
            "has no container",
            "left behind: stop web (old) create web",
            "on the engine now:",
            "made by this deployment",
            &format!("`docker rm --force {}-web-", small.name),
            "next: ",
        ],
    )?;
    is_blocked(&small)?;
    let shown = expect(small.host.run(["show", &small.name])?, 0)?;
    tells(&shown, &["exit code 137", "has no container", "stop web (old)", "on the engine now:", "not undone"])?;

    // It cannot be undone later either.
    let again = expect(small.host.run(["resolve", &small.name, "--retry"])?, 12)?;
    tells(&again, &["has no container"])?;
    is_blocked(&small)?;

    expect(small.host.run(["resolve", &small.name])?, 2)?;
    let resolved = expect(small.host.run(["resolve", &small.name].iter().chain(&ACCEPT))?, 0)?;
    tells(&resolved, &["resolved", "which was not verified"])?;
    tells(&expect(small.host.run(["show", &small.name])?, 0)?, &[ACCEPT[1]])?;
    // What ran before runs again by the command that is told.
    let told = text(&resolved);
    let back = told.split('`').find(|command| command.starts_with("windlass rollback ")).unwrap_or_default();
    expect(small.host.run(back.split(' ').skip(1))?, 0)?;
    small.serves("1")?;
    small.write("compose.yaml", small.compose())?;
    expect(small.deploy(&["--retry"])?, 0)?;
    small.serves("1")?;
    expect(small.host.run(["audit", "verify"])?, 0).map(drop)
}

#[test]
fn an_old_port_that_somebody_took() -> Result<()> {
    let small = Small::running("tookport")?;
    let mut taken = None;
    let run = update(&small, windlass_stage::free_port()?, |_| {
        taken = Some(TcpListener::bind(("127.0.0.1", small.port))?);
        Ok(())
    })?;
    let stuck = expect(run, 12)?;
    let port = small.port.to_string();
    tells(&stuck, &["exit code 137", "undoing \"stop web (old)\" failed", &port, "left behind"])?;
    is_blocked(&small)?;

    // The person frees the port, and everything is as before.
    drop(taken);
    let undone = expect(small.host.run(["resolve", &small.name, "--retry"])?, 11)?;
    tells(&undone, &["rolled back"])?;
    small.serves("1")?;
    let status = expect(small.host.run(["status", &small.name])?, 0)?;
    ensure!(!text(&status).contains("stuck"), "{}", status.stdout);
    expect(small.host.run(["resolve", &small.name, "--retry"])?, 17)?;
    small.version("3")?;
    expect(small.deploy(&[])?, 0)?;
    small.serves("3")?;
    expect(small.host.run(["audit", "verify"])?, 0).map(drop)
}
