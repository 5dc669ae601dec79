//! A network of a test's own: an engine in it, a registry and an application disturb those of no other test.
//!
//! An engine that starts makes its firewall's chains anew, and all engines of one network share them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::process::program;
use crate::registry::REGISTRY;

/// The variable that says where the engine of the test's own has its files. It is set inside such a network only.
const ENGINE: &str = "WINDLASS_TEST_OWN_ENGINE";

/// Brings loopback up, and goes on as the program that is named behind it.
const ENTER: &str = "ip link set lo up && exec \"$@\"";

/// Where the engine of this network has its files.
pub(crate) fn engine() -> Result<PathBuf> {
    let place = std::env::var_os(ENGINE).context("this is not a network of the test's own")?;
    Ok(place.into())
}

/// Runs the test that calls this in a new network: the same program is started again for this test alone, and only
/// there `test` runs. Docker's client speaks to the engine of that network in it.
///
/// # Errors
/// When the test fails, or this process may not make a network: that needs root.
pub fn in_own_network(test: impl FnOnce() -> Result<()>) -> Result<()> {
    if std::env::var_os(ENGINE).is_some() {
        return test();
    }
    let thread = std::thread::current();
    let name = thread.name().context("the test has no name")?;
    // Short, because a socket's path may have 107 bytes.
    let engine = tempfile::Builder::new().prefix("wl-engine-").tempdir_in("/tmp")?;
    let status = Command::new(program("unshare")?)
        .args(["--net", "sh", "-c", ENTER, "sh"])
        .arg(std::env::current_exe()?)
        .args(["--exact", name, "--nocapture"])
        .env(ENGINE, engine.path())
        .env("DOCKER_HOST", format!("unix://{}", engine.path().join("docker.sock").display()))
        .env_remove(REGISTRY)
        .status()
        .context("cannot start `unshare`")?;
    ensure!(status.success(), "the test failed in its own network: {status}");
    Ok(())
}
