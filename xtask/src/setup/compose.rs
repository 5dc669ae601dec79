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

/// Fetches and unpacks the packages with package lists of our own.
fn fetch(peers: &[Compose]) -> Result<()> {
    let mirror = mirror().context(
        "the package sources of this machine name no mirror of Debian; name one in DEBIAN_MIRROR, and install \
         debian-archive-keyring",
    )?;
    // What an earlier version of this chore unpacked goes, too.
    let _ = fs::remove_dir_all(directory().join("usr"));
    let work = directory().join("fetching");
    let lists = work.join("lists");
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(lists.join("partial"))?;
    let sources = work.join("sources.list");
    let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    let lines: Vec<String> =
        SUITES.iter().map(|suite| format!("deb [signed-by={keyring}] {mirror} {suite} main\n")).collect();
    fs::write(&sources, lines.concat())?;
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .current_dir(&work)
            .arg("-q")
            .args(["-o", &format!("Dir::Etc::sourcelist={}", sources.display())])
            .args(["-o", "Dir::Etc::sourceparts=-"])
            .args(["-o", &format!("Dir::State::lists={}", lists.display())])
            .args(["-o", "Acquire::Languages=none"])
            .args(["-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"])
            .args(arguments);
        process::run_quietly(&mut command)
    };
    apt_get(&["update"])?;
    for peer in peers {
        let wanted = format!("docker-compose={}.*", peer.series());
        match (apt_get(&["download", &wanted]), peer) {
            (Ok(()), _) => {}
            (Err(_), Compose::Newer) => apt_get(&["download", "docker-compose"])?,
            (Err(error), Compose::Older) => return Err(error),
        }
        unpack(&work, &unpacked(*peer))?;
    }
    fs::remove_dir_all(&work)?;
    Ok(())
}

/// Takes the program out of the one package that is in a directory.
fn unpack(work: &Path, program: &Path) -> Result<()> {
    let package = fs::read_dir(work)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("the package was not downloaded")?;
    process::run_quietly(Command::new("dpkg-deb").arg("-x").arg(&package).arg(work.join("package")))?;
    fs::rename(work.join("package/usr/libexec/docker/cli-plugins/docker-compose"), program)?;
    fs::remove_dir_all(work.join("package"))?;
    fs::remove_file(&package)?;
    Ok(())
}

/// The mirror that `DEBIAN_MIRROR` names, or that of this machine's own package sources, in either format of apt's files.
fn mirror() -> Option<String> {
    if let Some(named) = std::env::var("DEBIAN_MIRROR").ok().filter(|named| !named.trim().is_empty()) {
        return Some(named);
    }
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    files.extend(fs::read_dir("/etc/apt/sources.list.d").ok()?.filter_map(|entry| Some(entry.ok()?.path())));
    files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| line.starts_with("deb ") || line.starts_with("URIs:"))
        .flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .find(|word| word.starts_with("http") && word.trim_end_matches('/').ends_with("/debian"))
}
