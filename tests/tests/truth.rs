//! What the agent says is what is there: containers that a person stopped, removed or disconnected, and containers that
//! became unhealthy.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use windlass_stage::{Live, Run, docker};
use windlass_tests::{Small, expect, tells, text};

/// A health check that a test can make fail and pass.
const FALLS_ILL: &str = "test ! -s /tmp/ill";

fn container(small: &Small) -> String {
    format!("{}-web-1", small.name)
}

fn network(small: &Small) -> String {
    format!("{}_default", small.name)
}

fn status(small: &Small) -> Result<String> {
    Ok(text(&expect(small.host.run(["status", &small.name])?, 0)?))
}

/// Lets the state file be written, and returns where.
fn state_file(small: &Small) -> Result<PathBuf> {
    let records = small.host.root().join("records");
    fs::create_dir_all(&records)?;
    small.operator(&format!(
        "[[grants]]\nplugin = \"recorder-state-file\"\nfiles = [{{ root = \"records\", path = \"{}\", write = true }}]\n",
        records.display()
    ))?;
    small
        .write("release.toml", format!("{}\n[recorders.state]\nplugin = \"recorder-state-file\"\n", small.release()))?;
    Ok(records.join("uat.json"))
}

fn recorded(file: &Path, small: &Small) -> Result<Value> {
    let mut whole: Value = serde_json::from_slice(&fs::read(file)?)?;
    Ok(whole["applications"][&small.name].take())
}

/// Version 2 ends at once.
fn broken(small: &Small) -> Result<Run> {
    let compose =
        small.compose().replace("VERSION: \"1\"", "VERSION: \"2\"").replace("exec httpd", "exit 3; exec httpd");
    small.write("compose.yaml", compose)?;
    expect(small.deploy(&[])?, 11)
}

#[test]
fn a_container_without_its_network_is_not_as_deployed_and_is_connected_again() -> Result<()> {
    let small = Small::running("unplugged")?;
    let id = docker(["inspect", "--format", "{{.Id}}", &container(&small)])?;
    docker(["network", "disconnect", &network(&small), &container(&small)])?;
    ensure!(small.read().is_err(), "the page is dead");
    let lacks = format!("it runs, but is not connected to the network {}", network(&small));
    let said = status(&small)?;
    ensure!(said.contains("drifted") && said.contains(&lacks) && !said.contains("runs as deployed"), "{said}");

    tells(&expect(small.host.run(["plan", &small.name])?, 0)?, &["service web", &lacks])?;
    let run = expect(small.deploy(&[])?, 0)?;
    tells(&run, &["succeeded"])?;
    small.serves("1")?;
    ensure!(status(&small)?.contains("runs as deployed"));
    ensure!(docker(["inspect", "--format", "{{.Id}}", &container(&small)])? == id, "it is the same container");
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])
}

#[test]
fn an_old_container_that_lost_its_network_meanwhile_serves_again_after_an_undo() -> Result<()> {
    let small = Small::running("unplugged-old")?;
    let compose = small
        .compose()
        .replace("VERSION: \"1\"", "VERSION: \"2\"")
        .replace("echo | nc 127.0.0.1 80", "false")
        .replace("retries: 5", "retries: 1200");
    small.write("compose.yaml", compose)?;
    let old = docker(["inspect", "--format", "{{.Id}}", &container(&small)])?;
    let mut deployment = Live::start(&mut small.host.command(["deploy", &small.name]))?;
    deployment.wait_for(&["Waiting until web is healthy"])?;
    // As an engine leaves a container whose start failed because its port was taken.
    docker(["network", "disconnect", &network(&small), &old])?;
    docker(["kill", &container(&small)])?;
    tells(&expect(deployment.end()?, 11)?, &["rolled back", ") runs as before"])?;
    small.serves("1")?;
    ensure!(status(&small)?.contains("runs as deployed"));
    Ok(())
}

#[test]
fn what_somebody_stopped_does_not_run_as_before() -> Result<()> {
    let small = Small::set("stopped-before")?;
    let file = state_file(&small)?;
    small.begin()?;
    let first = recorded(&file, &small)?;
    ensure!(first["version"] == "1", "{first}");
    docker(["stop", &container(&small)])?;
    let run = broken(&small)?;
    tells(&run, &["rolled back", "nothing of it runs, as before: 1 (", ") did not run when the deployment began"])?;
    ensure!(!text(&run).contains("1 runs"), "{}", text(&run));
    let after = recorded(&file, &small)?;
    ensure!(after["version"].is_null() && after["since"].is_null(), "{after}");
    ensure!(after["trouble"].as_str().is_some_and(|trouble| trouble.contains("does not run")), "{after}");
    let said = status(&small)?;
    ensure!(said.contains("drifted") && said.contains("does not run"), "{said}");

    // What it says to do next does it.
    let next = text(&run);
    let next = next.split("windlass rollback ").nth(1).and_then(|rest| rest.split('`').next()).context("no way on")?;
    let arguments: Vec<&str> = ["rollback"].into_iter().chain(next.split_whitespace()).collect();
    expect(small.host.run(arguments)?, 0)?;
    small.serves("1")?;
    let again = recorded(&file, &small)?;
    ensure!(again["version"] == "1" && again.get("trouble").is_none(), "{again}");
    expect(small.host.run(["audit", "verify"])?, 0).map(drop)
}

#[test]
fn what_somebody_removed_is_missing_and_not_new() -> Result<()> {
    let small = Small::running("removed-before")?;
    docker(["rm", "-f", &container(&small)])?;
    tells(&expect(small.host.run(["plan", &small.name])?, 0)?, &["its container is missing: it was removed by hand"])?;
    let said = status(&small)?;
    ensure!(said.contains("drifted") && said.contains("service web is missing"), "{said}");
    tells(&broken(&small)?, &["nothing of it runs, as before: 1 (", ") did not run when the deployment began"])?;
    small.write("compose.yaml", small.compose())?;
    tells(&expect(small.deploy(&[])?, 0)?, &["succeeded"])?;
    small.serves("1")
}

#[test]
fn what_falls_ill_is_not_as_deployed_and_not_unchanged() -> Result<()> {
    let small = Small::set("falls-ill")?;
    small.write(
        "compose.yaml",
        small.compose().replace("echo | nc 127.0.0.1 80", FALLS_ILL).replace("retries: 5", "retries: 1"),
    )?;
    small.begin()?;
    docker(["exec", &container(&small), "sh", "-c", "echo x > /tmp/ill"])?;
    becomes(&small, "unhealthy")?;
    let said = status(&small)?;
    ensure!(said.contains("runs, and is not well") && !said.contains("runs as deployed"), "{said}");
    tells(
        &expect(small.host.run(["status", &small.name])?, 0)?,
        &[&format!("not well: {} is unhealthy", container(&small))],
    )?;

    let before = small.world()?;
    let run = expect(small.deploy(&[])?, 10)?;
    tells(&run, &["refused", "is not well", "its health check fails", "nothing was touched"])?;
    ensure!(small.world()? == before);
    docker(["exec", &container(&small), "sh", "-c", ": > /tmp/ill"])?;
    becomes(&small, "healthy")?;
    tells(&expect(small.deploy(&[])?, 0)?, &["unchanged"])?;
    ensure!(status(&small)?.contains("runs as deployed"));
    Ok(())
}

/// Waits for the engine to say so; it asks once a second.
fn becomes(small: &Small, health: &str) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(30);
    while docker(["inspect", "--format", "{{.State.Health.Status}}", &container(small)])? != health {
        ensure!(Instant::now() < end, "it does not become {health}");
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

#[test]
fn waiting_for_the_health_of_what_has_no_check_is_refused_before_anything_is_touched() -> Result<()> {
    let small = Small::running("unchecked")?;
    let before = small.world()?;
    let waits = format!(
        "{}  needs:\n    image: windlass-test/{}:1\n    command: [sh, \"-c\", \"exec httpd -f -p 81 -h /tmp\"]\n    stop_signal: SIGKILL\n    depends_on: {{ web: {{ condition: service_healthy }} }}\n",
        small.compose(),
        small.name
    );
    let off = waits.replace("retries: 5 }", "retries: 5, disable: true }");
    small.write("compose.yaml", &off)?;
    for command in ["plan", "deploy"] {
        let run = expect(small.host.run([command, &small.name])?, 3)?;
        tells(&run, &["service needs waits until web is healthy", "switched off", "condition: service_started"])?;
    }
    ensure!(small.world()? == before);
    small.write("compose.yaml", &waits)?;
    expect(small.deploy(&[])?, 0).map(drop)
}
