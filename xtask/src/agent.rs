//! Builds the agent with its plugins, and the kudos application.

use std::path::PathBuf;

use anyhow::Result;

use crate::guests;
use crate::paths;
use crate::process;

/// What a build is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// To be tried and tested: compiles fast.
    Tried,
    /// To be shipped and measured: small and fast.
    Shipped,
}

impl Build {
    /// Cargo's profile for the agent.
    fn agent(self) -> &'static str {
        match self {
            Self::Tried => "dev",
            Self::Shipped => "dist",
        }
    }

    /// Cargo's profile for plugins.
    pub(crate) fn guests(self) -> &'static str {
        match self {
            Self::Tried => "plugin",
            Self::Shipped => "plugin-dist",
        }
    }

    /// Where the agent is below the target directory.
    fn directory(self) -> &'static str {
        match self {
            Self::Tried => "debug",
            Self::Shipped => "dist",
        }
    }
}

/// What is selected beside the agent whenever it is built to be tried or tested. Cargo gives dependencies the features
/// that the selected packages ask for, and the SDK's macros ask for more than the agent's: without it, the sandbox's
/// engine would be built once for the demonstration and once for the tests.
pub(crate) const BESIDE: [&str; 2] = ["--package", "windlass-sdk"];

/// What is selected beside any crate of the agent, for the same reason: alone, a crate of it asks for fewer features than all
/// of them together, and what they are made of would be built once for each.
pub(crate) const WHOLE: [&str; 2] = ["--package", "windlass"];

/// Where a built agent is.
pub(crate) fn binary(build: Build) -> PathBuf {
    paths::target().join(build.directory()).join("windlass")
}

/// Builds the first-party plugins and then the agent that carries them; returns the binary.
pub(crate) fn build(build: Build) -> Result<PathBuf> {
    guests::build(&guests::first_party()?, build)?;
    let mut command = process::cargo();
    command.args(["build", "--package", "windlass", "--profile", build.agent()]);
    if build == Build::Tried {
        command.args(BESIDE);
    }
    process::run(&mut command)?;
    Ok(binary(build))
}

/// Builds the kudos application as one static binary, for images made from scratch.
pub(crate) fn kudos() -> Result<PathBuf> {
    // With the plugins: both need the same macros.
    let target = paths::guest_target();
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    process::run(
        process::cargo().env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", "-C target-feature=+crt-static").args([
            "build",
            "--package",
            "kudos",
            "--profile",
            "plugin",
            "--target",
            &triple,
        ]),
    )?;
    Ok(target.join(triple).join("plugin").join("kudos"))
}
