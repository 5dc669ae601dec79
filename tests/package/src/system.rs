//! A Debian system of a test's own: the tree that all share, with what the test changes laid over it. It is entered by chroot, so
//! no service runs in it; [`Booted`](super::Booted) is one in which they do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::{altered, named, newer, output, package};

/// Lays a test's changes over the tree, in mounts that end with the command, and goes on as what is named behind them.
const ENTER: &str = "mount -t overlay overlay -o lowerdir=\"$1\",upperdir=\"$2/upper\",workdir=\"$2/work\" \"$2/root\" && \
                     root=\"$2/root\" && shift 2 && exec \"$@\"";

/// The system. It goes when this is dropped.
pub struct System {
    place: TempDir,
}

impl System {
    /// A fresh one, with the package as `/packages/this.deb`.
    ///
    /// # Errors
    /// Without the tree or the package.
    pub fn new() -> Result<Self> {
        let place = tempfile::tempdir_in(package()?.parent().context("the package lies nowhere")?)?;
        for directory in ["upper/packages", "work", "root"] {
            fs::create_dir_all(place.path().join(directory))?;
        }
        fs::hard_link(package()?, place.path().join("upper/packages/this.deb"))?;
        Ok(Self { place })
    }

    /// Adds the next version of the package, as `/packages/newer.deb`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn with_newer(self) -> Result<Self> {
        newer(&package()?, &self.place.path().join("upper/packages"))?;
        Ok(self)
    }

    /// Adds a version of the package whose agent never answers, as `/packages/silent.deb`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn with_silent(self) -> Result<Self> {
        altered(&package()?, &self.place.path().join("upper/packages"), "silent", "+silent", |tree| {
            let unit = output(Command::new("find").arg(tree).args(["-name", "windlass.service"]))?;
            let unit = unit.trim();
            let text = fs::read_to_string(unit)?;
            Ok(fs::write(unit, text.replace("ExecStart=/usr/bin/windlass agent", "ExecStart=/bin/sleep infinity"))?)
        })?;
        Ok(self)
    }

    /// Signs all that lies in `/packages`; the key to be trusted.
    ///
    /// # Errors
    /// Without the program minisign.
    pub fn signed(&self) -> Result<String> {
        let (public, secret) = (self.place.path().join("key.pub"), self.place.path().join("key"));
        output(Command::new("minisign").args(["-G", "-W", "-f", "-p"]).arg(&public).arg("-s").arg(&secret))?;
        let packages: Vec<_> = fs::read_dir(self.place.path().join("upper/packages"))?.collect::<Result<_, _>>()?;
        for package in packages {
            output(Command::new("minisign").arg("-S").arg("-s").arg(&secret).arg("-m").arg(package.path()))?;
        }
        let key = fs::read_to_string(public)?;
        Ok(key.lines().nth(1).context("minisign writes a key")?.to_owned())
    }

    /// A command that begins with the whole system at the directory that [`root`](Self::root) names.
    pub(super) fn entering(&self) -> Result<Command> {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"])
            .arg(named("WINDLASS_DEBIAN_TREE")?)
            .arg(self.place.path());
        Ok(command)
    }

    /// Where the system is, to a command of [`entering`](Self::entering).
    pub(super) fn root(&self) -> PathBuf {
        self.place.path().join("root")
    }

    fn command(&self, script: &str) -> Result<Command> {
        let mut command = self.entering()?;
        command.args(["chroot"]).arg(self.root()).args(["sh", "-ec", &format!("mount -t proc proc /proc; {script}")]);
        command.env_clear().envs([
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ("DEBIAN_FRONTEND", "noninteractive"),
            ("LC_ALL", "C.UTF-8"),
        ]);
        Ok(command)
    }

    /// What a script prints in it.
    ///
    /// # Errors
    /// When it fails, with all that it printed.
    pub fn run(&self, script: &str) -> Result<String> {
        output(&mut self.command(script)?)
    }

    /// Whatever a script does in it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn attempt(&self, script: &str) -> Result<Output> {
        Ok(self.command(script)?.output()?)
    }

    /// Writes a file, as it is before anything runs in the system.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.place.path().join("upper").join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}
