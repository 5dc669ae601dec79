//! Where what an update needs is kept: a directory of root alone, beside the program and on its file system. One process at a time has
//! it.
//!
//! It is not below the state directory, which may belong to the user that the agent runs as: root installs what lies here.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use windlass_foundation::private;

use crate::UpdateError;

/// The directory below `lib`, or beside a program that is in no `bin`.
const DIRECTORY: &str = "windlass";

/// What is in it.
const RECORD: &str = "update.json";
const PREVIOUS: &str = "previous";

/// The directory.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    /// Another process cannot have it while this one lives.
    _lock: Option<File>,
}

impl Place {
    /// Where it is for a program: `/usr/lib/windlass` for `/usr/bin/windlass`.
    pub(crate) fn path_for(program: &Path) -> PathBuf {
        let directory = program.parent().unwrap_or(Path::new("/"));
        let is_bin = directory.file_name().is_some_and(|name| name == "bin" || name == "sbin");
        match directory.parent().filter(|_| is_bin) {
            Some(above) => above.join("lib").join(DIRECTORY),
            None => directory.join("windlass-kept"),
        }
    }

    /// Where the program is whose earlier version this one is, when it is one that is kept.
    pub(crate) fn program_of(kept: &Path) -> Option<PathBuf> {
        let place = kept.parent().filter(|directory| directory.ends_with(PREVIOUS))?.parent()?;
        let record = fs::read(place.join(RECORD)).ok()?;
        let record: crate::record::Record = serde_json::from_slice(&record).ok()?;
        Some(record.program).filter(|program| Self::path_for(program) == place)
    }

    /// Takes it for this process, and makes it where it is not there. What an earlier process left of a file that it was brought is
    /// removed.
    pub(crate) fn claim(program: &Path) -> Result<Self, UpdateError> {
        let path = Self::path_for(program);
        let unwritten = |source| UpdateError::Write { path: path.clone(), source };
        if let Some(above) = path.parent().filter(|above| !above.exists()) {
            // `lib` of a prefix is for others too, whatever the umask is.
            fs::create_dir(above).map_err(unwritten)?;
            fs::set_permissions(above, Permissions::from_mode(0o755)).map_err(unwritten)?;
        }
        for directory in [path.clone(), path.join(PREVIOUS)] {
            private::directory(&directory).map_err(unwritten)?;
            let found = fs::symlink_metadata(&directory).map_err(unwritten)?;
            let own = rustix::process::geteuid().as_raw();
            if !found.is_dir() || found.uid() != own || found.mode() & 0o022 != 0 {
                let why = "it is not a directory that root alone can change";
                return Err(UpdateError::host(format!("`{}` cannot be used", directory.display()), why));
            }
            fs::set_permissions(&directory, Permissions::from_mode(0o700)).map_err(unwritten)?;
        }
        let lock = private::open(&path.join("lock")).map_err(unwritten)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(UpdateError::Taken),
            Err(TryLockError::Error(source)) => return Err(unwritten(source)),
        }
        let incoming = path.join("incoming");
        match fs::remove_dir_all(&incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritten(error)),
            _ => private::directory(&incoming).map_err(unwritten)?,
        }
        Ok(Self { path, _lock: Some(lock) })
    }

    /// How far the last update came.
    pub(crate) fn record(&self) -> PathBuf {
        self.path.join(RECORD)
    }

    /// The new program, once it is proved.
    pub(crate) fn new_program(&self) -> PathBuf {
        self.path.join("incoming/windlass")
    }

    /// The new package, once it is proved.
    pub(crate) fn new_package(&self) -> PathBuf {
        self.path.join("incoming/windlass.deb")
    }

    /// The program from before.
    pub(crate) fn old_program(&self) -> PathBuf {
        self.path.join(PREVIOUS).join("windlass")
    }

    /// The package from before.
    pub(crate) fn old_package(&self) -> PathBuf {
        self.path.join(PREVIOUS).join("windlass.deb")
    }

    /// The journal from before.
    pub(crate) fn old_journal(&self) -> PathBuf {
        self.path.join(PREVIOUS).join("journal.sqlite3")
    }

    /// The package that is installed.
    pub(crate) fn package(&self) -> PathBuf {
        self.path.join("installed.deb")
    }

    /// What was brought is needed no more.
    pub(crate) fn tidy(&self) {
        fs::remove_dir_all(self.path.join("incoming")).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_beside_the_program_and_one_process_has_it() {
        let of = |program: &str| Place::path_for(Path::new(program)).display().to_string();
        assert_eq!(of("/usr/bin/windlass"), "/usr/lib/windlass");
        assert_eq!(of("/usr/local/bin/windlass"), "/usr/local/lib/windlass");
        assert_eq!(of("/opt/windlass/windlass"), "/opt/windlass/windlass-kept");
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("usr/bin/windlass");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        let place = Place::claim(&program).unwrap();
        assert!(matches!(Place::claim(&program).unwrap_err(), UpdateError::Taken));
        fs::write(place.new_program(), "x").unwrap();
        drop(place);
        let place = Place::claim(&program).unwrap();
        assert!(!place.new_program().exists(), "what a killed process was brought is gone");
        drop(place);
        let path = root.path().join("usr/lib/windlass");
        fs::set_permissions(&path, Permissions::from_mode(0o770)).unwrap();
        let said = Place::claim(&program).unwrap_err().to_string();
        assert!(said.contains("root alone can change"), "{said}");
        assert_eq!(Place::program_of(&path.join("previous/windlass")), None, "without a record");
    }
}
