//! Side by side with Docker Compose: what it started is adopted, and it works on what the agent deployed.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use windlass_stage::{Kudos, docker};
use windlass_tests::{compose, exactly, expect, pair, world};

fn run_compose(kudos: &Kudos, arguments: &[&str]) -> Result<String> {
    let output = Command::new(compose()?)
        .args(["-p", &kudos.name, "-f"])
        .arg(kudos.directory().join("compose.yaml"))
        .args(arguments)
        .env("KUDOS_TOKEN", "a-token-that-nobody-may-see")
        .output()
        .context("cannot start Docker Compose")?;
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "docker compose {arguments:?}: {text}");
    Ok(text)
}

fn ids(name: &str) -> Result<String> {
    docker(["ps", "-aq", "--no-trunc", "--filter", &format!("label=com.docker.compose.project={name}")])
}

#[test]
fn what_docker_compose_started_is_adopted_and_not_duplicated() -> Result<()> {
    let kudos = pair("adopted")?;
    run_compose(&kudos, &["up", "-d", "--wait", "backend", "web"])?;
    let before = ids("adopted")?;
    expect(kudos.host.run(["deploy", "adopted"])?, 0)?;
    assert_eq!(world(&kudos)?, exactly(&kudos, "1"));
    assert_eq!(ids("adopted")?, before, "a container with the same configuration is not replaced");
    expect(kudos.host.run(["deploy", "adopted", "--set", "web=2", "--set", "backend=2"])?, 0)?;
    assert_eq!(world(&kudos)?, exactly(&kudos, "2"));
    Ok(())
}

#[test]
fn docker_compose_works_on_what_the_agent_deployed() -> Result<()> {
    let kudos = pair("handed")?;
    expect(kudos.host.run(["deploy", "handed"])?, 0)?;
    let listed = run_compose(&kudos, &["ps", "--all", "--format", "{{.Service}} {{.State}}"])?;
    for line in ["backend running", "web running", "migrate exited"] {
        assert!(listed.contains(line), "{line} is missing in\n{listed}");
    }
    assert!(run_compose(&kudos, &["logs", "backend"])?.contains("listens on"), "logs");
    run_compose(&kudos, &["down", "--volumes"])?;
    assert_eq!(kudos.objects()?, Vec::<String>::new(), "down removes everything");
    Ok(())
}
