//! Docker Compose v2 in two versions: the peers that deployments and readings of Compose files are compared with.
//!
//! Debian 12 has only the first, Python one. Later releases of Debian have v2, a program without dependencies of its own:
//! the packages are fetched from the mirror that this machine uses, which apt verifies with Debian's keys and checksums,
//! and the programs are put below `target/`. Nothing is installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use windlass_stage::Compose;

use super::debian::Archive;
use super::say;
use crate::paths;
use crate::process;

/// The releases of Debian that have the packages.
const SUITES: &[&str] = &["trixie", "forky", "sid"];

/// The program, if it is here: ours below `target/`, or the plugin of Docker's client when it is of this version.
pub(crate) fn find(peer: Compose) -> Option<PathBuf> {
    let plugins =
        ["/usr/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins", "/usr/local/lib/docker/cli-plugins"]
            .map(|directory| Path::new(directory).join("docker-compose"));
    let unpacked = Some(unpacked(peer)).filter(|program| version(program).is_some());
    unpacked.or_else(|| plugins.into_iter().find(|program| version(program).is_some_and(|found| is(peer, &found))))
}

fn is(peer: Compose, version: &str) -> bool {
    version.strip_prefix(peer.series()).is_some_and(|rest| rest.starts_with('.'))
}

fn unpacked(peer: Compose) -> PathBuf {
    directory().join(peer.file())
}

fn directory() -> PathBuf {
    paths::target().join("docker-compose")
}

/// What a program says it is; nothing when it does not run.
fn version(program: &Path) -> Option<String> {
    let text = process::output(Command::new(program).args(["version", "--short"])).ok()?;
    Some(text.trim().trim_start_matches('v').to_owned())
}

/// Makes sure of both.
pub(crate) fn ensure() -> Result<()> {
    let missing: Vec<Compose> = Compose::BOTH.into_iter().filter(|peer| find(*peer).is_none()).collect();
    if !missing.is_empty() {
        let wanted: Vec<&str> = missing.iter().map(|peer| peer.series()).collect();
        say(&format!("Docker Compose {}: fetching Debian's packages", wanted.join(" and ")));
        fetch(&missing).with_context(|| {
            format!(
                "Docker Compose {} is not here; install it elsewhere and name it in {}",
                wanted.join(" and "),
                missing.iter().map(|peer| peer.variable()).collect::<Vec<_>>().join(" and ")
            )
        })?;
    }
    for peer in Compose::BOTH {
        let program = find(peer).with_context(|| format!("{} does not run here", unpacked(peer).display()))?;
        let found = version(&program).unwrap_or_default();
        say(&format!("Docker Compose {found}: there"));
        if !is(peer, &found) {
            say(&format!(
                "Debian has no Docker Compose {} any more; the tests may find what {found} does otherwise",
                peer.series()
            ));
        }
    }
    Ok(())
}

/// Fetches and unpacks the packages.
fn fetch(peers: &[Compose]) -> Result<()> {
    // What an earlier version of this chore unpacked goes, too.
    let _ = fs::remove_dir_all(directory().join("usr"));
    let archive = Archive::open(directory().join("fetching"), SUITES)?;
    for peer in peers {
        let package = directory().join("package");
        let _ = fs::remove_dir_all(&package);
        let wanted = format!("docker-compose={}.*", peer.series());
        match (archive.unpack(&[&wanted], &package), peer) {
            (Ok(()), _) => {}
            (Err(_), Compose::Newer) => archive.unpack(&["docker-compose"], &package)?,
            (Err(error), Compose::Older) => return Err(error),
        }
        fs::rename(package.join("usr/libexec/docker/cli-plugins/docker-compose"), unpacked(*peer))?;
        fs::remove_dir_all(package)?;
    }
    Ok(())
}
