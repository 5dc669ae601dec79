//! Builds the agent and the kudos application.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::guests;
use crate::paths;
use crate::process;

/// Builds plugins and then the agent that carries them; returns the binary.
pub(crate) fn build(release: bool) -> Result<PathBuf> {
    guests::build(&[])?;
    let mut command = Command::new("cargo");
    command.current_dir(paths::root()).args(["build", "--package", "windlass"]);
    if release {
        command.arg("--release");
    }
    process::run(&mut command)?;
    Ok(paths::target().join(if release { "release" } else { "debug" }).join("windlass"))
}

/// Builds the kudos application as one static binary, for images made from scratch.
pub(crate) fn kudos() -> Result<PathBuf> {
    let target = paths::target().join("kudos");
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    process::run(
        Command::new("cargo")
            .current_dir(paths::root())
            .env("CARGO_TARGET_DIR", &target)
            .env("RUSTFLAGS", "-C target-feature=+crt-static")
            .args(["build", "--package", "kudos", "--profile", "plugin", "--target", &triple]),
    )?;
    Ok(target.join(triple).join("plugin").join("kudos"))
}
