//! Builds plugins as WebAssembly components.
//!
//! Two toolchains can do it: this one with its `wasm32-wasip2` target, or Debian's `rustc-web`, which builds the
//! standard library from source. Which one is there decides; the results are the same components.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::agent::Build;
use crate::paths;
use crate::process;

const TARGET: &str = "wasm32-wasip2";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_LINKER: &str = "/usr/lib/rustlib/x86_64-unknown-linux-gnu/bin/wasm-component-ld";

/// What builds guests on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The toolchain in use has the target.
    Installed,
    /// Debian's packages `rustc-web`, `cargo-web`, `rust-web-src`, `rust-web-llvm`, `lld-22`, `wasi-libc`.
    Debian,
}

/// The toolchain that can build guests here, if any.
pub(crate) fn toolchain() -> Option<Toolchain> {
    if process::sysroot().ok()?.join("lib/rustlib").join(TARGET).join("lib").is_dir() {
        return Some(Toolchain::Installed);
    }
    let debian = [DEBIAN_RUSTC, DEBIAN_CARGO, DEBIAN_LINKER, "/usr/lib/wasm32-wasi"];
    debian.iter().all(|path| Path::new(path).exists()).then_some(Toolchain::Debian)
}

/// Guest packages: every package under `plugins/` and `tests/guests/` whose library is a `cdylib`.
pub(crate) fn packages() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for directory in ["plugins", "tests/guests"] {
        let directory = paths::root().join(directory);
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for entry in entries {
            let manifest = entry?.path().join("Cargo.toml");
            let Ok(text) = fs::read_to_string(&manifest) else { continue };
            if text.contains("\"cdylib\"") {
                let name = text
                    .lines()
                    .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
                    .with_context(|| format!("{} has no package name", manifest.display()))?;
                names.push(name.to_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

/// Those that the agent carries: they are not the tests' own.
pub(crate) fn first_party() -> Result<Vec<String>> {
    let mut names = packages()?;
    names.retain(|name| paths::root().join("plugins").join(name).is_dir());
    Ok(names)
}

/// Builds packages and collects them as `target/plugins/NAME.wasm`.
pub(crate) fn build(names: &[String], build: Build) -> Result<Vec<PathBuf>> {
    let Some(toolchain) = toolchain() else {
        bail!("no toolchain here can build for {TARGET}; `cargo xtask setup` installs one");
    };
    let mut command = match toolchain {
        Toolchain::Installed => process::cargo(),
        Toolchain::Debian => {
            let mut command = Command::new(DEBIAN_CARGO);
            command
                .current_dir(paths::root())
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1")
                .env("RUSTFLAGS", "-L /usr/lib/wasm32-wasi")
                .env("CARGO_TARGET_WASM32_WASIP2_LINKER", DEBIAN_LINKER)
                .env_remove("RUSTUP_TOOLCHAIN")
                .env_remove("CARGO")
                .arg("-Zbuild-std=std,panic_abort");
            command
        }
    };
    command.env("CARGO_TARGET_DIR", paths::guest_target()).args([
        "build",
        "--profile",
        build.guests(),
        "--target",
        TARGET,
    ]);
    for name in names {
        command.args(["--package", name]);
    }
    process::run(&mut command)?;
    collect(names, build)
}

/// Copies built components to where the host's build and the tests look for them.
fn collect(names: &[String], build: Build) -> Result<Vec<PathBuf>> {
    let components_in = paths::guest_target().join(TARGET).join(build.guests());
    let collected = paths::plugins();
    fs::create_dir_all(&collected)?;
    let mut components = Vec::new();
    for name in names {
        let from = components_in.join(name.replace('-', "_")).with_extension("wasm");
        let to = collected.join(name).with_extension("wasm");
        let bytes = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        // Unchanged components keep their time, so that nothing that embeds them is built again.
        if fs::read(&to).ok().as_deref() != Some(bytes.as_slice()) {
            fs::write(&to, &bytes).with_context(|| format!("cannot write {}", to.display()))?;
        }
        components.push(to);
    }
    Ok(components)
}
