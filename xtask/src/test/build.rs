//! Compiles what is tested, once: Clippy's compiler is rustc with more lints, so what it compiles is also what runs.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::cargo;
use super::phases::say;
use crate::process;

/// Lets Cargo compile the packages of the workspace with Clippy, as `cargo clippy` does.
///
/// Every call of Cargo in a test run has this, or each would compile for itself.
pub(crate) fn environment(command: &mut Command) {
    if let Ok(driver) = driver() {
        command.env("RUSTC_WORKSPACE_WRAPPER", driver);
    }
}

fn driver() -> Result<PathBuf> {
    let driver = process::sysroot()?.join("bin/clippy-driver");
    ensure!(driver.is_file(), "Clippy is not installed: `rustup component add clippy`");
    Ok(driver)
}

/// Compiles the agent for tests of the packages in `scope`, with the features that they ask for.
pub(crate) fn agent(scope: &[String]) -> Result<()> {
    let mut command = cargo(&["build", "--bins", "--package", "windlass"]);
    environment(command.args(scope));
    process::run(&mut command)
}

/// Compiles the whole workspace with all that belongs to it. A warning is an error, once all are shown.
pub(crate) fn everything() -> Result<()> {
    driver()?;
    let mut command = cargo(&["build", "--workspace", "--all-targets", "--message-format", "json"]);
    command.stdout(Stdio::piped());
    environment(&mut command);
    let mut compiling = command.spawn().context("cannot start cargo")?;
    let messages = compiling.stdout.take().context("cargo has no standard output")?;
    let mut warnings = 0;
    for line in BufReader::new(messages).lines() {
        // A build script may print lines of its own.
        let Ok(message) = serde_json::from_str::<Value>(&line?) else { continue };
        if message["reason"] == "compiler-message" {
            warnings += u32::from(message["message"]["level"] == "warning");
            say(message["message"]["rendered"].as_str().unwrap_or_default());
        }
    }
    if !compiling.wait()?.success() {
        bail!("the code does not compile");
    }
    ensure!(warnings == 0, "{warnings} warnings, and none may stay");
    Ok(())
}
