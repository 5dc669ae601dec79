//! Whole deployments of the demonstration's application, with the state of the world after each.

use anyhow::{Result, ensure};
use serde_json::Value;
use windlass_stage::{Kudos, Load, docker};
use windlass_tests::{example, expect};

const SECRET: &str = "a-token-that-nobody-may-see";

fn serves(kudos: &Kudos, version: &str) -> Result<()> {
    let versions = kudos.versions()?;
    ensure!(versions.contains(&format!("page version {version}, API version {version}")), "the page says: {versions}");
    Ok(())
}

/// The containers, networks and volumes that one version of the application consists of.
fn complete(name: &str) -> Vec<String> {
    let mut objects = Vec::new();
    objects.extend(["backend", "edge", "web"].map(|service| format!("container {name}-{service}-1 running")));
    objects.extend(["back", "front"].map(|network| format!("network {name}_{network}")));
    objects.push(format!("volume {name}_thanks"));
    objects
}

fn ids(name: &str) -> Result<String> {
    docker(["ps", "-aq", "--no-trunc", "--filter", &format!("label=com.docker.compose.project={name}")])
}

fn state(kudos: &Kudos) -> Result<Value> {
    Ok(serde_json::from_str(&std::fs::read_to_string(kudos.host.root().join("records/state.json"))?)?)
}

#[test]
fn a_release_is_deployed_updated_refused_broken_put_back_and_rolled_back() -> Result<()> {
    let name = "story";
    let kudos = example(name)?;

    // The first release.
    expect(kudos.host.run(["deploy", name])?, 0)?;
    serves(&kudos, "1")?;
    assert_eq!(kudos.objects()?, complete(name));
    kudos.thank("Ada", "for the first release")?;
    assert_eq!(state(&kudos)?["applications"][name]["version"], "1", "the recorder wrote what runs");

    // Again: not one container is touched.
    let before = ids(name)?;
    let again = expect(kudos.host.run(["deploy", name])?, 0)?;
    assert!(again.stdout.contains("unchanged"), "{}", again.stdout);
    assert_eq!(ids(name)?, before);

    // An update under load.
    let load = Load::start(&kudos.page());
    assert!(load.wait_for(20, std::time::Duration::from_secs(30)));
    let update = expect(kudos.host.run(["deploy", name, "--set", "web=2", "--set", "backend=2"])?, 0)?;
    let served = load.stop();
    let edge = || docker(["logs", "--timestamps", &format!("{name}-edge-1")]);
    assert_eq!(served.failed, 0, "{served:?}\n{}\n{}\n{:?}", update.stdout, update.stderr, edge());
    serves(&kudos, "2")?;
    assert_eq!(kudos.objects()?, complete(name));

    // A tag that does not exist: nothing is touched.
    let before = ids(name)?;
    let refused = expect(kudos.host.run(["deploy", name, "--set", "web=2", "--set", "backend=22"])?, 17)?;
    assert!(refused.stderr.contains("has no tag `22`"), "{}", refused.stderr);
    assert_eq!(ids(name)?, before);

    // A version that turns unhealthy: the old one is put back, the same containers as before.
    let broken = expect(kudos.host.run(["deploy", name, "--set", "web=3", "--set", "backend=3"])?, 11)?;
    assert!(format!("{}{}", broken.stdout, broken.stderr).contains("connection pool"), "the evidence is shown");
    serves(&kudos, "2")?;
    assert_eq!(kudos.objects()?, complete(name));
    assert_eq!(state(&kudos)?["applications"][name]["version"], "backend=2,edge=1,web=2", "the record says what runs");

    // The same again is refused, because it failed here.
    let quarantined = expect(kudos.host.run(["deploy", name, "--set", "web=3", "--set", "backend=3"])?, 10)?;
    assert!(quarantined.stderr.contains("--retry"), "{}", quarantined.stderr);

    // Back on request. The data outlived every version.
    expect(kudos.host.run(["rollback", name, "--to", "1"])?, 0)?;
    serves(&kudos, "1")?;
    assert!(kudos.read()?.contains("for the first release"));
    assert_eq!(kudos.objects()?, complete(name));

    // The history tells all of it, and does not contain the secret.
    let history = expect(kudos.host.run(["history", name])?, 0)?;
    for word in ["succeeded", "unchanged", "rolled back"] {
        assert!(history.stdout.contains(word), "{word} is missing in\n{}", history.stdout);
    }
    expect(kudos.host.run(["audit", "verify"])?, 0)?;
    let found = std::process::Command::new("grep")
        .args(["-rl", SECRET])
        .args(["state", "records", "applications"].map(|place| kudos.host.root().join(place)))
        .output()?;
    assert_eq!(String::from_utf8_lossy(&found.stdout), "", "files that hold the secret");
    Ok(())
}
