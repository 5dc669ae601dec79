//! A small disk of a test's own, which may be full or read-only.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::process::program;

/// A file system in memory, mounted until it is dropped.
#[derive(Debug)]
pub struct Disk {
    directory: TempDir,
}

impl Disk {
    /// Mounts a disk of so many MiB.
    ///
    /// # Errors
    /// When this process may not mount.
    pub fn mount(mebibytes: u32) -> Result<Self> {
        let directory = TempDir::new()?;
        run("mount", &["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "windlass-test", &shown(directory.path())])?;
        Ok(Self { directory })
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Writes until there is no room for another page.
    ///
    /// # Errors
    /// When it cannot be written at all.
    pub fn fill(&self) -> Result<()> {
        let mut file = File::options().create(true).append(true).open(self.filler())?;
        for size in [1 << 20, 4096] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
        Ok(())
    }

    /// Gives the room back that [`Disk::fill`] took.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn clear(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.filler())?)
    }

    /// Makes the disk read-only, so that not even root can write there.
    ///
    /// # Errors
    /// When something is open for writing there.
    pub fn read_only(&self) -> Result<()> {
        run("mount", &["-o", "remount,ro", &shown(self.path())])
    }

    /// It can be written again.
    ///
    /// # Errors
    /// When it cannot be mounted again.
    pub fn writable(&self) -> Result<()> {
        run("mount", &["-o", "remount,rw", &shown(self.path())])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        run("umount", &["--lazy", &shown(self.path())]).ok();
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// As root, or with the right to become it without a password.
fn run(name: &str, arguments: &[&str]) -> Result<()> {
    let name = program(name)?;
    let mut command = if is_root() {
        Command::new(&name)
    } else {
        let mut command = Command::new(program("sudo")?);
        command.arg("-n").arg(&name);
        command
    };
    let output = command.args(arguments).output().with_context(|| format!("cannot start {}", name.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{} {}` failed: {}", name.display(), arguments.join(" "), said.trim());
    }
    Ok(())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}
