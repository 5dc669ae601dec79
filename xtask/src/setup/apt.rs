//! Debian's and Ubuntu's packages.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Result, bail};

use super::say;
use crate::process;

/// The full path of a program, wherever packages put it.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    windlass_stage::program(name).ok()
}

/// Makes sure that programs are there; each is a program and the package that has it.
pub(crate) fn ensure(what: &str, programs: &[(&str, &str)]) -> Result<()> {
    let mut missing: Vec<&str> =
        programs.iter().filter(|(name, _)| program(name).is_none()).map(|(_, package)| *package).collect();
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        say(&format!("{what}: there"));
        return Ok(());
    }
    say(&format!("{what}: installing {}", missing.join(", ")));
    install(&missing)
}

/// Installs packages, or says how to.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let by_hand = format!("apt-get install {}", packages.join(" "));
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("needs {}, and this is not Debian or Ubuntu: install what has them here", packages.join(", "));
    }
    if !is_root() {
        bail!("needs packages that only root can install: run `sudo {by_hand}`, then try again");
    }
    update()?;
    process::run_quietly(
        Command::new("apt-get")
            .args(["install", "-y", "-q", "--no-install-recommends"])
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// Fetches the package lists, once for each run.
pub(crate) fn update() -> Result<()> {
    static UPDATED: OnceLock<()> = OnceLock::new();
    if UPDATED.get().is_none() {
        say("fetching package lists");
        process::run_quietly(Command::new("apt-get").args(["update", "-q"]))?;
        UPDATED.get_or_init(|| ());
    }
    Ok(())
}

/// Whether this process may install packages.
pub(crate) fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).is_ok_and(|user| user.trim() == "0")
}
