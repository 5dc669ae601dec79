//! Packages of any release of Debian, fetched beside each other: apt verifies them with Debian's keys and checksums, with
//! package lists of our own. Nothing is installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;

/// Debian's archive, as far as some of its releases go. What was fetched goes when this is dropped.
pub(super) struct Archive {
    work: PathBuf,
}

impl Archive {
    /// Fetches the package lists of these suites into a directory that must not be used by anything else.
    ///
    /// # Errors
    /// When this machine names no mirror, or the mirror does not answer or lacks a suite.
    pub(super) fn open(work: PathBuf, suites: &[&str]) -> Result<Self> {
        let mirror = mirror()?;
        let _ = fs::remove_dir_all(&work);
        let archive = Self { work };
        fs::create_dir_all(archive.lists().join("partial"))?;
        let keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
        let lines: Vec<String> =
            suites.iter().map(|suite| format!("deb [signed-by={keyring}] {mirror} {suite} main\n")).collect();
        fs::write(archive.sources(), lines.concat())?;
        archive
            .apt_get(&["-o", "APT::Update::Error-Mode=any", "update"])
            .with_context(|| format!("{mirror} does not give the package lists of {}", suites.join(", ")))?;
        Ok(archive)
    }

    /// Fetches packages, each as apt names it (`docker.io/trixie`, `docker-compose=2.26.*`), and unpacks them into one
    /// directory.
    ///
    /// # Errors
    /// When one of them is not there.
    pub(super) fn unpack(&self, packages: &[&str], into: &Path) -> Result<()> {
        self.apt_get(&[&["download"], packages].concat())?;
        let fetched: Vec<PathBuf> = fs::read_dir(&self.work)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .collect();
        if fetched.len() < packages.len() {
            bail!("of {}, only {} were downloaded", packages.join(", "), fetched.len());
        }
        for package in fetched {
            process::run_quietly(Command::new("dpkg-deb").arg("-x").arg(&package).arg(into))?;
            fs::remove_file(&package)?;
        }
        Ok(())
    }

    /// The version of a package in one of the suites.
    ///
    /// # Errors
    /// When the suite has no such package.
    pub(super) fn version(&self, package: &str, suite: &str) -> Result<String> {
        let mut command = self.command("apt-cache");
        let text = process::output(command.args(["show", &format!("{package}/{suite}")]))?;
        let version = text.lines().find_map(|line| line.strip_prefix("Version: "));
        Ok(version.with_context(|| format!("Debian's {suite} has no package {package}"))?.to_owned())
    }

    fn apt_get(&self, arguments: &[&str]) -> Result<()> {
        process::run_quietly(self.command("apt-get").arg("-q").args(arguments))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.work)
            .args(["-o", &format!("Dir::Etc::sourcelist={}", self.sources().display())])
            .args(["-o", "Dir::Etc::sourceparts=-"])
            .args(["-o", &format!("Dir::State::lists={}", self.lists().display())])
            .args(["-o", "Acquire::Languages=none"])
            .args(["-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"]);
        command
    }

    fn lists(&self) -> PathBuf {
        self.work.join("lists")
    }

    fn sources(&self) -> PathBuf {
        self.work.join("sources.list")
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.work).ok();
    }
}

/// The mirror that `DEBIAN_MIRROR` names, or that of this machine's own package sources, in either format of apt's files.
pub(super) fn mirror() -> Result<String> {
    named_mirror().context(
        "the package sources of this machine name no mirror of Debian; name one in DEBIAN_MIRROR, and install \
         debian-archive-keyring",
    )
}

fn named_mirror() -> Option<String> {
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
