//! `cargo xtask dist`: a tarball with one self-contained agent, and the same as a Debian package.

pub(crate) mod deb;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use flate2::{Compression, write::GzEncoder};

use crate::agent::{self, Build};
use crate::paths;
use crate::process;
use crate::setup::{self, Need};
use deb::Effort;

/// The largest binary that is shipped, in bytes: hosts fetch it over links of all kinds.
const LARGEST: u64 = 60_000_000;

/// Files that stand beside the binary.
const BESIDE: &[&str] = &["README.md", "LICENSE", "CHANGELOG.md", "docs/examples/kudos/agent.toml"];

/// Builds the release binary, which carries the first-party plugins, and packs it in both ways.
pub(crate) fn pack() -> Result<()> {
    setup::ensure(&[Need::Wasm, Need::Packaging])?;
    let binary = agent::build(Build::Shipped)?;
    let size = fs::metadata(&binary)?.len();
    ensure!(size <= LARGEST, "{} has {size} bytes; at most {LARGEST} are shipped", binary.display());
    refuses_tests(&binary)?;
    let directory = paths::target().join("dist");
    fs::create_dir_all(&directory)?;
    for packed in [tarball(&binary, &directory)?, deb::pack(&binary, &directory, Effort::Small)?] {
        say(&format!("{} ({} KiB)", packed.display(), fs::metadata(&packed)?.len() / 1024));
    }
    Ok(())
}

fn tarball(binary: &Path, directory: &Path) -> Result<PathBuf> {
    let name = format!("windlass-{}-{}-linux", version(binary)?, std::env::consts::ARCH);
    let tarball = directory.join(format!("{name}.tar.gz"));
    let file = File::create(&tarball).with_context(|| format!("cannot write {}", tarball.display()))?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::best()));
    archive.append_path_with_name(binary, format!("{name}/windlass"))?;
    for path in BESIDE {
        let file = path.rsplit('/').next().unwrap_or(path);
        archive.append_path_with_name(paths::root().join(path), format!("{name}/{file}"))?;
    }
    archive.into_inner()?.finish()?;
    Ok(tarball)
}

/// The version of an agent, as it tells it.
fn version(agent: &Path) -> Result<String> {
    let told = process::output(Command::new(agent).arg("--version"))?;
    Ok(told.split_whitespace().nth(1).context("the agent tells no version")?.to_owned())
}

/// What is shipped does not hear what tests wish: a time that is none would be an error to it.
fn refuses_tests(binary: &Path) -> Result<()> {
    let state = paths::target().join("dist/state");
    fs::create_dir_all(&state)?;
    let configuration = state.join("agent.toml");
    fs::write(&configuration, format!("environment = \"none\"\nstate-directory = \"{}\"\n", state.display()))?;
    let mut history = Command::new(binary);
    history.arg("--config").arg(&configuration).arg("history").env("WINDLASS_TEST_TIME", "never");
    process::run_quietly(&mut history).context("the agent that is to be shipped hears what only tests may say")?;
    Ok(fs::remove_dir_all(&state)?)
}

#[expect(clippy::print_stdout, reason = "the path is the answer")]
fn say(line: &str) {
    println!("{line}");
}
