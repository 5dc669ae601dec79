//! A small Debian system below `target/debian`, made by debootstrap from the mirror that this machine uses. The package is installed
//! in copies of it; nothing is installed in it, so it is made once.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::debian::mirror;
use super::{apt, say};
use crate::paths;
use crate::process;

/// Debian's releases and the versions of their C libraries, the oldest first. An agent that was built here runs where the C
/// library is at least as new as the one here.
const RELEASES: [(&str, [u32; 2]); 2] = [("bookworm", [2, 36]), ("trixie", [2, 41])];

/// systemd, as the first process too. Everything else is what every Debian system has.
const PACKAGES: &str = "systemd-sysv";

/// Where the tree is that fits this machine.
///
/// # Errors
/// When none does.
pub(crate) fn place() -> Result<PathBuf> {
    Ok(paths::target().join("debian").join(release()?))
}

/// Makes sure of it.
///
/// # Errors
/// Without the rights of root, and when the mirror does not answer.
pub(super) fn ensure() -> Result<()> {
    let (release, place) = (release()?, place()?);
    if place.is_dir() {
        say(&format!("a tree of Debian's {release}: there"));
        return Ok(());
    }
    if !apt::is_root() {
        bail!("a tree of Debian's {release} is to be made, which only root can do: run this as root");
    }
    say(&format!("a tree of Debian's {release}: making it with debootstrap"));
    // Only a whole one has the name.
    let making = place.with_extension("making");
    let _ = fs::remove_dir_all(&making);
    fs::create_dir_all(&making)?;
    process::run_quietly(
        Command::new(apt::program("debootstrap").context("no debootstrap")?)
            .args(["--variant=minbase", &format!("--include={PACKAGES}")])
            .args(["--keyring", "/usr/share/keyrings/debian-archive-keyring.gpg", release])
            .arg(&making)
            .arg(mirror()?),
    )?;
    for unused in ["var/cache/apt/archives", "var/lib/apt/lists", "usr/share/locale", "usr/share/doc", "usr/share/man"]
    {
        fs::remove_dir_all(making.join(unused)).ok();
        fs::create_dir_all(making.join(unused))?;
    }
    Ok(fs::rename(making, place)?)
}

/// The oldest release whose C library is not older than the one here.
fn release() -> Result<&'static str> {
    let told = process::output(Command::new("getconf").arg("GNU_LIBC_VERSION"))?;
    fitting(&told).with_context(|| format!("no release of Debian that is known here has {}", told.trim()))
}

fn fitting(told: &str) -> Option<&'static str> {
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    let here = [major.parse().ok()?, minor.parse().ok()?];
    RELEASES.iter().find(|(_, there)| *there >= here).map(|(release, _)| *release)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_built_here_runs_in_the_tree() {
        assert_eq!(fitting("glibc 2.31\n"), Some("bookworm"));
        assert_eq!(fitting("glibc 2.36\n"), Some("bookworm"));
        assert_eq!(fitting("glibc 2.39\n"), Some("trixie"));
        assert_eq!(fitting("glibc 3.0\n"), None);
        assert_eq!(fitting("musl"), None);
    }
}
