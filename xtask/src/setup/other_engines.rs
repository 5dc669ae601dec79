//! Docker Engines of other releases of Debian, unpacked beside each other below `target/engines`. Nothing is installed:
//! what is unpacked is laid over this machine's `/usr` where such an engine runs, and only there.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use super::debian::Archive;
use super::{apt, say};
use crate::paths;
use crate::process;

/// An engine that the tests can be run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Other {
    /// Debian 12: the oldest that is supported.
    #[value(name = "20.10")]
    Oldest,
    /// Debian 13.
    #[value(name = "26")]
    Stable,
    /// The newest that Debian has, in sid.
    #[value(name = "28")]
    Newest,
}

/// What runs an engine and its containers.
const PROGRAMS: &[&str] = &["docker.io", "containerd", "runc", "tini"];
/// What they need of a newer C library's release, where this machine's is older.
const LIBRARIES: &[&str] = &["libc6", "libseccomp2", "libsystemd0"];

impl Other {
    /// As it is asked for: `28`.
    pub(crate) fn series(self) -> &'static str {
        match self {
            Self::Oldest => "20.10",
            Self::Stable => "26",
            Self::Newest => "28",
        }
    }

    fn suite(self) -> &'static str {
        match self {
            Self::Oldest => "bookworm",
            Self::Stable => "trixie",
            Self::Newest => "sid",
        }
    }

    /// What is laid over `/usr`.
    pub(crate) fn usr(self) -> PathBuf {
        self.directory().join("usr")
    }

    /// Where nextest's list of what was compiled is kept.
    pub(crate) fn binaries(self) -> PathBuf {
        self.directory().join("binaries.json")
    }

    /// Where Cargo's description of the workspace is kept.
    pub(crate) fn metadata(self) -> PathBuf {
        self.directory().join("metadata.json")
    }

    fn directory(self) -> PathBuf {
        paths::target().join("engines").join(self.series())
    }

    /// Makes sure that it is unpacked.
    ///
    /// # Errors
    /// When Debian's archive cannot be reached or does not have it.
    pub(crate) fn ensure(self) -> Result<()> {
        let complete = self.directory().join("complete");
        if let Ok(version) = fs::read_to_string(&complete) {
            say(&format!("Docker Engine {version}: there"));
            return Ok(());
        }
        say(&format!("Docker Engine {}: fetching the packages of Debian's {}", self.series(), self.suite()));
        let version = self.fetch().with_context(|| {
            format!("Docker Engine {} of Debian's {} cannot be had here", self.series(), self.suite())
        })?;
        if !version.starts_with(&format!("{}.", self.series())) {
            say(&format!(
                "Debian's {} has no Docker Engine {} any more: this is {version}",
                self.suite(),
                self.series()
            ));
        }
        fs::write(complete, version)?;
        Ok(())
    }

    fn fetch(self) -> Result<String> {
        let directory = self.directory();
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory)?;
        let archive = Archive::open(directory.join("fetching"), &[self.suite()])?;
        let mut packages = PROGRAMS.to_vec();
        // In Debian 12 the client is part of the engine's package.
        if self != Self::Oldest {
            packages.push("docker-cli");
        }
        // Programs of an older release run with newer libraries, but not the other way round.
        let here = process::output(Command::new("dpkg-query").args(["-W", "-f", "${Version}", "libc6"]))?;
        let there = archive.version("libc6", self.suite())?;
        if process::succeeds(Command::new("dpkg").args(["--compare-versions", &there, "gt", here.trim()])) {
            packages.extend(LIBRARIES);
        }
        let named: Vec<String> = packages.iter().map(|package| format!("{package}/{}", self.suite())).collect();
        let root = directory.join("root");
        archive.unpack(&named.iter().map(String::as_str).collect::<Vec<_>>(), &root)?;
        fs::rename(root.join("usr"), self.usr())?;
        // Older packages have some of their files beside `/usr`, which is where these directories lead.
        for beside in ["bin", "sbin", "lib", "lib64"] {
            let from = root.join(beside);
            if from.is_dir() {
                process::run_quietly(Command::new("cp").arg("-a").arg(from.join(".")).arg(self.usr().join(beside)))?;
            }
        }
        fs::remove_dir_all(root)?;
        let version = archive.version("docker.io", self.suite())?;
        Ok(version.split('+').next().unwrap_or_default().to_owned())
    }

    /// Refuses where such an engine cannot be started.
    ///
    /// # Errors
    /// Without the rights of root.
    pub(crate) fn may_start() -> Result<()> {
        if apt::is_root() {
            return Ok(());
        }
        anyhow::bail!(
            "another engine needs a network and mounts of its own, which only root can make: run this as root"
        )
    }
}
