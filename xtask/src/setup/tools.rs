//! Programs of Cargo's own kind: `cargo-nextest`, `cargo-deny`, `cargo-fuzz`, `cargo-deb`. They are built from their sources where
//! they are not there.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::say;
use crate::paths;
use crate::process;

/// How a tool is built here: quickly, because it waits for others most of its time.
const QUICKLY: &[(&str, &str)] = &[
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "64"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "0"),
];

/// Makes sure of `cargo-NAME`, where Cargo keeps its programs.
///
/// # Errors
/// When Cargo cannot install it.
pub(crate) fn ensure(name: &str, arguments: &[&str]) -> Result<()> {
    if process::succeeds(process::cargo().args([name, "--version"])) {
        say(&format!("cargo-{name}: there"));
        return Ok(());
    }
    say(&format!("cargo-{name}: installing it with `cargo install`"));
    process::run(
        process::cargo()
            .args(["install", "--quiet", "--locked"])
            .args(arguments)
            .arg(format!("cargo-{name}"))
            .envs(QUICKLY.iter().copied()),
    )
    .with_context(|| format!("no cargo-{name}"))
}

/// What makes the Debian package. Of this version, because the version decides what is in the package's scripts.
const CARGO_DEB: &str = "3.8.0";

/// Where cargo-deb of that version is: below `target/`, so that another one of the person who builds stays as it is.
pub(crate) fn cargo_deb() -> PathBuf {
    paths::target().join("tools/bin/cargo-deb")
}

/// Makes sure of cargo-deb.
///
/// # Errors
/// When Cargo cannot install it.
pub(crate) fn ensure_cargo_deb() -> Result<()> {
    let there = process::output(Command::new(cargo_deb()).arg("--version"));
    if there.is_ok_and(|told| told.split_whitespace().any(|word| word == CARGO_DEB)) {
        say(&format!("cargo-deb {CARGO_DEB}: there"));
        return Ok(());
    }
    say(&format!("cargo-deb {CARGO_DEB}: installing it below target/ with `cargo install`"));
    process::run(
        process::cargo()
            .args(["install", "--quiet", "--locked", "--force", "--root"])
            .arg(paths::target().join("tools"))
            // Without a compressor of its own: the system's is used.
            .args(["--no-default-features", "--version", CARGO_DEB, "cargo-deb"])
            .envs(QUICKLY.iter().copied()),
    )
    .with_context(|| format!("no cargo-deb {CARGO_DEB}"))
}
