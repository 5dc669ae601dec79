//! A toolchain that builds components for `wasm32-wasip2`.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::{apt, say};
use crate::guests::{self, Toolchain};
use crate::process;

/// Debian's Rust for the web, which builds the standard library from its source.
const PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22", "wasi-libc"];

/// Looks for the target, asks rustup for it, falls back to Debian's packages.
pub(crate) fn ensure() -> Result<()> {
    match guests::toolchain() {
        Some(Toolchain::Installed) => say("WebAssembly target: there"),
        Some(Toolchain::Debian) => say("WebAssembly target: there, from Debian's packages"),
        None => install()?,
    }
    Ok(())
}

fn install() -> Result<()> {
    say("WebAssembly target: asking rustup for wasm32-wasip2");
    if process::succeeds(Command::new("rustup").args(["target", "add", "wasm32-wasip2"]))
        && guests::toolchain().is_some()
    {
        return Ok(());
    }
    say("WebAssembly target: rustup cannot bring it, installing Debian's packages");
    apt::install(PACKAGES).context("no toolchain for wasm32-wasip2: `rustup target add wasm32-wasip2` is the other way")
}
