//! What the end-to-end tests share.
//!
//! They run the `windlass` binary as a person does, against a real engine and a real registry. `cargo xtask test`
//! builds what they need and says where it is; run by hand, they look where it puts things.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use windlass_stage::{Kudos, Run};

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

/// The kudos application.
///
/// # Errors
/// When it is not built.
pub fn kudos() -> Result<PathBuf> {
    let place = format!("target/kudos/{}-unknown-linux-gnu/plugin/kudos", std::env::consts::ARCH);
    built("KUDOS_BINARY", &place)
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
