//! The engine's daemon is restarted in the middle of a deployment.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use windlass_stage::{Engine, Live, in_own_network};
use windlass_tests::{example, expect};

/// The versions that run: each service's version, from the images' environment.
fn versions(engine: &Engine) -> Result<BTreeSet<String>> {
    let ids = engine.docker(["ps", "-q", "--filter", "label=com.docker.compose.project=restart"])?;
    let mut versions = BTreeSet::new();
    for id in ids.lines() {
        let format =
            "{{index .Config.Labels \"com.docker.compose.service\"}} {{range .Config.Env}}{{println .}}{{end}}";
        let text = engine.docker(["inspect", "--format", format, id])?;
        let service = text.split_whitespace().next().unwrap_or_default().to_owned();
        let version = text.lines().find_map(|line| line.trim().split("KUDOS_VERSION=").nth(1)).unwrap_or_default();
        versions.insert(format!("{service} {version}"));
    }
    Ok(versions)
}

#[test]
fn a_restart_of_the_engine_in_the_middle_is_survived() -> Result<()> {
    in_own_network(|| restart("Applying", &[0, 11]))
}

/// An engine that ends stops what it was told to stop a moment before, and forgets that it was told.
#[test]
fn what_was_stopped_while_the_engine_ended_does_not_come_back() -> Result<()> {
    in_own_network(|| restart("stop backend", &[0, 11]))
}

/// What the smoke tests see then are containers that the engine stopped itself and starts again.
#[test]
fn a_restart_of_the_engine_in_the_proof_is_no_failure_of_the_release() -> Result<()> {
    in_own_network(|| restart("Verified health", &[0]))
}

fn restart(when: &str, codes: &[i32]) -> Result<()> {
    let mut engine = Engine::start()?;
    let kudos = example("restart")?;
    let file = kudos.host.root().join("agent.toml");
    let socket = format!("unix://{}", engine.socket().display());
    let text = std::fs::read_to_string(&file)?.replace("unix:///var/run/docker.sock", &socket);
    std::fs::write(&file, text)?;

    expect(kudos.host.run(["deploy", "restart"])?, 0)?;
    let old = BTreeSet::from(["backend 1", "edge 1", "web 1"].map(str::to_owned));
    ensure!(versions(&engine)? == old, "{:?}", versions(&engine)?);

    let update = ["deploy", "restart", "--set", "web=2", "--set", "backend=2"];
    let mut deployment = Live::start(&mut kudos.host.command(update))?;
    deployment.wait_for(&[when])?;
    engine.down()?;
    engine.up()?;
    let run = deployment.end()?;
    let new = BTreeSet::from(["backend 2", "edge 1", "web 2"].map(str::to_owned));
    ensure!(codes.contains(&run.code), "exit code {}\n{}\n{}", run.code, run.stdout, run.stderr);
    let expected = match run.code {
        0 => &new,
        _ => &old,
    };
    assert_eq!(&versions(&engine)?, expected, "{}\n{}", run.stdout, run.stderr);
    let all = engine.docker(["ps", "-aq", "--filter", "label=com.docker.compose.project=restart"])?;
    assert_eq!(all.lines().count(), 3, "nothing is left over");
    Ok(())
}
