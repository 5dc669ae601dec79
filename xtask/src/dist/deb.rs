//! The agent as a Debian package: what the agent writes about itself is laid out beside it, and cargo-deb packs it as
//! `[package.metadata.deb]` in `host/Cargo.toml` says.
//!
//! It builds no agent. What the package is made of otherwise is in `host/package`.
//!
//! cargo-deb, and not dpkg-deb over a tree that is laid out here: it writes the control file with what dpkg-shlibdeps finds, the
//! checksums and the list of conffiles, and for units, users and directories the lines of debhelper's own scripts.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result, ensure};
use flate2::{Compression, write::GzEncoder};

use crate::paths;
use crate::process;
use crate::setup::cargo_deb;

/// The profile that cargo-deb is told. What was built with it is what it expects to be laid out.
const PROFILE: &str = "dist";

/// The shells whose completions are packed.
const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// How much time is taken to make the package small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// To be shipped.
    Small,
    /// To be tested.
    Fast,
}

/// Packs this agent, whichever way it was built, below `directory`; returns the package.
///
/// # Errors
/// When the agent does not run here, or what cargo-deb needs is not set up.
pub(crate) fn pack(agent: &Path, directory: &Path, effort: Effort) -> Result<PathBuf> {
    let laid_out = directory.join("laid-out");
    let _ = fs::remove_dir_all(&laid_out);
    lay_out(agent, &laid_out.join(PROFILE))?;
    let mut command = Command::new(cargo_deb());
    command
        .current_dir(paths::root())
        .args(["--package", "windlass", "--no-build", "--locked", "--quiet", "--profile", PROFILE])
        // The system's compressors: the tool itself is built quickly, and its own would be slow.
        .args(["--compress-system", "--output"])
        .arg(directory)
        .env("CARGO_TARGET_DIR", &laid_out)
        .env("SOURCE_DATE_EPOCH", committed()?);
    if effort == Effort::Fast {
        command.args(["--fast", "--compress-type", "gz"]);
    }
    let told = process::output(&mut command)?;
    fs::remove_dir_all(&laid_out)?;
    let package = told.lines().last().map(PathBuf::from).context("cargo-deb names no package")?;
    ensure!(package.is_file(), "{} is not there, though cargo-deb made it", package.display());
    Ok(package)
}

/// The agent without what only debuggers read, and what it writes itself: manual and completions.
fn lay_out(agent: &Path, into: &Path) -> Result<()> {
    let (pages, completions) = (into.join("pages"), into.join("completions"));
    fs::create_dir_all(&completions)?;
    fs::create_dir_all(into.join("man"))?;
    process::run_quietly(Command::new("strip").arg("-o").arg(into.join("windlass")).arg(agent))?;
    process::run_quietly(Command::new(agent).args(["man", "--out"]).arg(&pages))?;
    for page in paths::files_below(&pages, "1") {
        let name = page.file_name().context("a page has no name")?.to_string_lossy().into_owned();
        squeeze(&fs::read(&page)?, &into.join("man").join(name + ".gz"))?;
    }
    for shell in SHELLS {
        let script = process::output(Command::new(agent).args(["completions", shell]))?;
        fs::write(completions.join(format!("windlass.{shell}")), script)?;
    }
    squeeze(changelog(agent)?.as_bytes(), &into.join("changelog.gz"))
}

/// Debian's changelog, which has another form than ours.
fn changelog(agent: &Path) -> Result<String> {
    let version = super::version(agent)?;
    let date = process::output(Command::new("date").args(["-u", "-R", "-d", &format!("@{}", committed()?)]))?;
    Ok(format!(
        "windlass ({version}) stable; urgency=medium\n\n  * What a user can notice is in CHANGELOG.md beside this file.\n\n \
         -- The Windlass developers <windlass-dev@users.noreply.github.com>  {}\n",
        date.trim()
    ))
}

/// When what is packed was committed, in seconds, so that the same sources give the same package.
fn committed() -> Result<String> {
    if let Ok(given) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(given);
    }
    let time = process::output(Command::new("git").current_dir(paths::root()).args(["log", "-1", "--format=%ct"]));
    if let Ok(time) = time {
        return Ok(time.trim().to_owned());
    }
    // An archive of the sources has no repository, and its files have the time of the commit.
    let changed = fs::metadata(paths::root().join("CHANGELOG.md"))?.modified()?;
    Ok(changed.duration_since(UNIX_EPOCH)?.as_secs().to_string())
}

fn squeeze(text: &[u8], into: &Path) -> Result<()> {
    let file = File::create(into).with_context(|| format!("cannot write {}", into.display()))?;
    let mut encoder = GzEncoder::new(file, Compression::best());
    encoder.write_all(text)?;
    encoder.finish()?;
    Ok(())
}
