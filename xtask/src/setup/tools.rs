//! Programs of Cargo's own kind: `cargo-nextest`, `cargo-deny`, `cargo-fuzz`. They are built from their sources where they are not there.

use anyhow::{Context as _, Result};

use super::say;
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
