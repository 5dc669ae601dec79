//! From nothing to a plugin, as its author types it: a project of each kind is written, its tests pass, and its component is
//! what an agent admits. Nothing needs an engine; cargo compiles, from what this machine fetched already.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use windlass_stage::Host;

use crate::cli::support::binary;

/// The checkout.
fn root() -> PathBuf {
    std::fs::canonicalize(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).unwrap()
}

/// As an author's shell, with the versions of libraries that are here, compiled once for all projects.
fn author(command: &mut Command) -> &mut Command {
    command
        .env("CARGO_TARGET_DIR", root().join("target/authored"))
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .env_remove("RUSTFLAGS")
}

fn run(command: &mut Command) -> String {
    let output = author(command).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let all = said(&output.stdout) + &said(&output.stderr);
    assert!(output.status.success(), "{command:?}: {all}");
    all
}

fn project_is_green(kind: &str) {
    let temporary = tempfile::tempdir().unwrap();
    let host = Host::new(&binary(), temporary.path()).unwrap();
    let name = format!("{kind}-of-mine");
    let project = temporary.path().join(&name);
    let windlass = |words: &[&str]| run(host.command(words).current_dir(temporary.path()));
    windlass(&["plugin", "new", &name, "--kind", kind, "--sdk", root().to_str().unwrap()]);
    std::fs::copy(root().join("Cargo.lock"), project.join("Cargo.lock")).unwrap();

    let tested = run(Command::new("cargo").arg("test").current_dir(&project));
    assert!(tested.contains("test result: ok. ") && !tested.contains("warning"), "{tested}");

    let built = windlass(&["plugin", "build", &name, "--json"]);
    let fact: serde_json::Value =
        serde_json::from_str(built.lines().find(|line| line.starts_with('{')).unwrap()).unwrap();
    let component = Path::new(fact["source"].as_str().unwrap());
    assert_eq!((fact["name"].as_str(), fact["kind"].as_str()), (Some(name.as_str()), Some(kind)));
    assert_eq!(fact["asks"].as_array().unwrap().len(), 1, "{fact}");
    assert_eq!(std::fs::metadata(component).unwrap().len(), fact["size"].as_u64().unwrap());

    host.configure("environment = \"uat\"\nstate-directory = \"/var/lib/windlass\"\n").unwrap();
    let inspected = windlass(&["plugin", "inspect", component.to_str().unwrap()]);
    let example = std::fs::read_to_string(project.join("example.toml")).unwrap();
    assert!(example.contains(component.file_name().unwrap().to_str().unwrap()), "{example}");
    assert!(example.lines().all(|line| inspected.contains(line)), "{inspected}");
}

#[test]
fn a_new_check_is_green() {
    project_is_green("check");
}

#[test]
fn a_new_strategy_is_green() {
    project_is_green("strategy");
}

#[test]
fn a_new_smoke_test_is_green() {
    project_is_green("smoke");
}

#[test]
fn a_new_recorder_is_green() {
    project_is_green("recorder");
}
