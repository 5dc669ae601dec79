//! Docker Compose v2: the peer that deployments are compared with.
//!
//! Debian 12 has only the first, Python one. A later Debian release has v2, a static program without dependencies:
//! its package is fetched from the mirror that this machine uses, and unpacked below `target/`. Nothing is installed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::say;
use crate::paths;
use crate::process;

/// The Debian release whose package is v2 and static.
const SUITE: &str = "trixie";

/// Docker Compose v2 as a program, if it is here: ours below `target/`, or the plugin of Docker's client.
pub(crate) fn find() -> Option<PathBuf> {
    let plugins =
        ["/usr/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins", "/usr/local/lib/docker/cli-plugins"];
    let unpacked = directory().join("usr/libexec/docker/cli-plugins/docker-compose");
    std::iter::once(unpacked)
        .chain(plugins.iter().map(|directory| PathBuf::from(directory).join("docker-compose")))
        .find(|program| process::succeeds(Command::new(program).arg("version")))
}

fn directory() -> PathBuf {
    paths::target().join("docker-compose")
}

/// Makes sure of it.
pub(crate) fn ensure() -> Result<()> {
    if find().is_some() {
        say("Docker Compose v2: there");
        return Ok(());
    }
    say(&format!("Docker Compose v2: fetching Debian {SUITE}'s package"));
    fetch().context("no Docker Compose v2: install Docker's `docker-compose-plugin`")?;
    if find().is_none() {
        bail!("the unpacked docker-compose does not run here");
    }
    Ok(())
}

/// Fetches and unpacks the package with package lists of our own.
fn fetch() -> Result<()> {
    let mirror = mirror().context("the package sources of this machine name no Debian mirror")?;
    let work = directory();
    let lists = work.join("lists");
    fs::create_dir_all(lists.join("partial"))?;
    let sources = work.join("sources.list");
    let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
    fs::write(&sources, format!("deb [signed-by={keyring}] {mirror} {SUITE} main\n"))?;
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .current_dir(&work)
            .arg("-q")
            .args(["-o", &format!("Dir::Etc::sourcelist={}", sources.display())])
            .args(["-o", "Dir::Etc::sourceparts=-"])
            .args(["-o", &format!("Dir::State::lists={}", lists.display())])
            .args(["-o", "Acquire::Languages=none"])
            .args(arguments);
        command
    };
    process::run_quietly(&mut apt_get(&["update"]))?;
    process::run_quietly(&mut apt_get(&["download", "docker-compose"]))?;
    let package = fs::read_dir(&work)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("the package was not downloaded")?;
    process::run_quietly(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&work))?;
    fs::remove_dir_all(&lists)?;
    fs::remove_file(&package)?;
    Ok(())
}

/// The mirror of this machine's own package sources, in either format of apt's files.
fn mirror() -> Option<String> {
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
