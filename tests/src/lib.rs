//! What the end-to-end tests share.
//!
//! They run the `windlass` binary as a person does, against a real engine and a real registry. `cargo xtask test`
//! builds what they need and says where it is; run by hand, they look where it puts things.

mod browser;
mod resident;
mod small;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::sync::{Mutex, MutexGuard};
use windlass_stage::{Compose, Kudos, Run, docker};

pub use browser::Browser;
pub use resident::{Answered, Resident, ask_port, socket};
pub use small::Small;

/// The repository's root.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// What a test needs that is built apart from it.
fn built(variable: &str, place: &str) -> Result<PathBuf> {
    let path = std::env::var_os(variable).map_or_else(|| root().join(place), PathBuf::from);
    ensure!(path.is_file(), "{} is not there: `cargo xtask test` builds it", path.display());
    Ok(path)
}

/// The agent.
///
/// # Errors
/// When it is not built.
pub fn agent() -> Result<PathBuf> {
    built("WINDLASS_BINARY", "target/debug/windlass")
}

/// The minor version of the API 1 that the engine speaks.
///
/// # Errors
/// When it does not answer, or with another version.
pub fn api_minor() -> Result<u32> {
    let version = docker(["version", "--format", "{{.Server.APIVersion}}"])?;
    version.trim_start_matches("1.").parse().with_context(|| format!("the engine speaks {version}"))
}

/// The kudos application.
///
/// # Errors
/// When it is not built.
pub fn kudos() -> Result<PathBuf> {
    let place = format!("target/guest/{}-unknown-linux-gnu/plugin/kudos", std::env::consts::ARCH);
    built("KUDOS_BINARY", &place)
}

/// What a person reads on both streams, on one line, because lines are wrapped.
#[must_use]
pub fn text(run: &Run) -> String {
    format!("{} {}", run.stdout, run.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Fails unless all of these words are read.
///
/// # Errors
/// When some are not, with all that was.
pub fn tells(run: &Run, words: &[&str]) -> Result<()> {
    let text = text(run);
    for words in words {
        ensure!(text.contains(words), "no {words:?} in\n{}\n{}", run.stdout, run.stderr);
    }
    Ok(())
}

/// The demonstration's application under another name, so that tests can run side by side.
///
/// # Errors
/// When something that it needs is missing.
pub fn example(name: &str) -> Result<Kudos> {
    Kudos::set(name, &agent()?, &kudos()?, &root().join("docs/examples/kudos"))
}

/// The small application of the fault tests: a migration, a service with data, a service without.
///
/// # Errors
/// When something that it needs is missing.
pub fn pair(name: &str) -> Result<Kudos> {
    Kudos::set(name, &agent()?, &kudos()?, &root().join("tests/fixtures/pair"))
}

/// Fails with everything that a command printed unless it ended as expected.
///
/// # Errors
/// When the exit code is another one.
pub fn expect(run: Run, code: i32) -> Result<Run> {
    ensure!(run.code == code, "exit code {} instead of {code}\n{}\n{}", run.code, run.stdout, run.stderr);
    Ok(run)
}

/// What the engine has of the application: container name to state and version; networks and volumes by name.
///
/// # Errors
/// When the engine refuses.
pub fn world(kudos: &Kudos) -> Result<BTreeMap<String, String>> {
    let mut world = BTreeMap::new();
    let filter = format!("label=com.docker.compose.project={}", kudos.name);
    for id in docker(["ps", "-aq", "--filter", &filter])?.lines() {
        let inspected: Value = serde_json::from_str(&docker(["inspect", id])?)?;
        let container = &inspected[0];
        let version = container["Config"]["Env"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .find_map(|variable| variable.strip_prefix("KUDOS_VERSION="))
            .context("a container has no version")?;
        let state = container["State"]["Status"].as_str().unwrap_or_default();
        let health = container["State"]["Health"]["Status"].as_str().unwrap_or("no health");
        let name = container["Name"].as_str().unwrap_or_default().trim_start_matches('/');
        world.insert(format!("container {name}"), format!("{state}, {health}, version {version}"));
    }
    for object in kudos.objects()?.into_iter().filter(|object| !object.starts_with("container")) {
        world.insert(object, String::new());
    }
    Ok(world)
}

/// The world when exactly one version of the small application is there.
#[must_use]
pub fn exactly(kudos: &Kudos, version: &str) -> BTreeMap<String, String> {
    let name = &kudos.name;
    BTreeMap::from([
        (format!("container {name}-migrate-1"), format!("exited, no health, version {version}")),
        (format!("container {name}-backend-1"), format!("running, healthy, version {version}")),
        (format!("container {name}-web-1"), format!("running, healthy, version {version}")),
        (format!("network {name}_default"), String::new()),
        (format!("volume {name}_thanks"), String::new()),
    ])
}

/// Docker Compose v2.
///
/// # Errors
/// When it is not here.
pub fn compose() -> Result<PathBuf> {
    Compose::Older.program()
}

/// Tasks of one process do not wait for each other by a lock of a file.
static COMPILING: Mutex<()> = Mutex::const_new(());

/// The right to compile plugins into a directory that tests share.
#[derive(Debug)]
pub struct Compiling {
    _tasks: MutexGuard<'static, ()>,
    _processes: File,
}

/// Waits for the right to compile: it takes a while, so one test does it and the others find the result. Hold it while a
/// plugin is admitted.
///
/// # Errors
/// When the directory cannot be written.
pub async fn compiling(state_directory: &Path) -> Result<Compiling> {
    let tasks = COMPILING.lock().await;
    fs::create_dir_all(state_directory)?;
    let file = File::options().create(true).append(true).open(state_directory.join("compiling"))?;
    file.lock()?;
    Ok(Compiling { _tasks: tasks, _processes: file })
}
