//! The directory of an application's team: opened once, and everything in it opened beneath it.
//!
//! A team can put anything there: links that lead out, pipes, devices, files of others. So a path is followed by the
//! operating system only while it stays below (cap-std), what is opened must be a plain file, and it must belong to the
//! directory's owner, to root or to the agent's own user. What the files say is not known here.

use std::io;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _};
use windlass_foundation::explain::{ExitCode, Explain};
use windlass_foundation::regular;

use super::application::RELEASE_FILE;

/// Why something of a team's directory was not used. No text holds anything of a file.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The operating system says no.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A link leads out of the directory, or a part of the path does.
    #[error("`{}` leads out of the application's directory, or nowhere", path.display())]
    Outside {
        /// The file.
        path: PathBuf,
    },
    /// It belongs to another user.
    #[error("`{}` belongs to user {user}, and the application's directory to user {owner}", path.display())]
    Foreign {
        /// The file or directory.
        path: PathBuf,
        /// Whose it is.
        user: u32,
        /// Whose the directory is.
        owner: u32,
    },
    /// A directory, a pipe, a socket or a device.
    #[error("`{}` is not a regular file, but {kind}", path.display())]
    Special {
        /// What was found in place of a file.
        path: PathBuf,
        /// Which of them.
        kind: &'static str,
    },
    /// It is larger than such a file is.
    #[error("`{}` is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
}

impl DirectoryError {
    /// Whether there is nothing of that name.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl Explain for DirectoryError {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Outside { .. } => Some("copy what it points at into the directory".to_owned()),
            Self::Foreign { path, owner, .. } => Some(format!(
                "everything in it must belong to its owner, to root or to the agent's user: \
                 `chown -h {owner} {}`, once you know who made it",
                path.display()
            )),
            Self::Unreadable { .. } | Self::Special { .. } | Self::TooLarge { .. } => None,
        }
    }
}

/// The users whose files in a team's directory are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owners {
    /// The directory's owner.
    pub directory: u32,
    /// The agent's own user.
    agent: u32,
}

impl Owners {
    /// The accepted users for a directory that belongs to this user.
    #[must_use]
    pub fn of(directory: u32) -> Self {
        Self { directory, agent: rustix::process::geteuid().as_raw() }
    }

    /// Whether a file of this user is used.
    #[must_use]
    pub fn include(self, user: u32) -> bool {
        user == 0 || user == self.directory || user == self.agent
    }
}

/// A team's directory, open: what is renamed or exchanged above it makes it no other directory.
#[derive(Debug)]
pub struct TeamDirectory {
    dir: Dir,
    path: PathBuf,
    owners: Owners,
    identity: (u64, u64),
}

impl TeamDirectory {
    /// Opens the directory at a path that a person or the operator named. Links on the way to it are followed.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, DirectoryError> {
        Self::open_as(path, path)
    }

    /// The same under a path that people know: a directory that came with a command has none, and its files are shown as they
    /// are called in it.
    ///
    /// # Errors
    /// As for [`TeamDirectory::open`].
    pub fn open_as(path: &Path, shown: &Path) -> Result<Self, DirectoryError> {
        let unreadable = |source| DirectoryError::Unreadable { path: path.to_owned(), source };
        let dir = Dir::open_ambient_dir(path, ambient_authority()).map_err(unreadable)?;
        let metadata = dir.dir_metadata().map_err(unreadable)?;
        let (owners, identity) = (Owners::of(metadata.uid()), (metadata.dev(), metadata.ino()));
        Ok(Self { dir, path: shown.to_owned(), owners, identity })
    }

    /// The directory itself.
    #[must_use]
    pub fn dir(&self) -> &Dir {
        &self.dir
    }

    /// The path under which it was opened, for people.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The users whose files in it are accepted.
    #[must_use]
    pub fn owners(&self) -> Owners {
        self.owners
    }

    /// Device and inode: what makes it this directory and no other.
    #[must_use]
    pub fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// The owner of a file of it.
    ///
    /// # Errors
    /// As for [`TeamDirectory::read`].
    pub fn owner_of(&self, name: &str) -> Result<u32, DirectoryError> {
        let file = self.file(name)?;
        Ok(file.metadata().map_err(|source| self.failed(name, source))?.uid())
    }

    /// The content of a file of it, of at most `limit` bytes.
    ///
    /// # Errors
    /// When there is none, it leads out, it is no plain file, it belongs to another user, or it is larger.
    pub fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, DirectoryError> {
        let file = self.file(name)?;
        regular::whole(file, limit).map_err(|source| match source.kind() {
            io::ErrorKind::FileTooLarge => DirectoryError::TooLarge { path: self.path.join(name), limit },
            _ => self.failed(name, source),
        })
    }

    /// Whether there is anything of that name, a link that leads nowhere included.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.dir.symlink_metadata(name).is_ok()
    }

    /// The content of its release file.
    ///
    /// # Errors
    /// As for [`TeamDirectory::read`].
    pub fn release_file(&self) -> Result<Vec<u8>, DirectoryError> {
        self.read(RELEASE_FILE, windlass_config::document::DOCUMENT_LIMIT)
    }

    fn file(&self, name: &str) -> Result<File, DirectoryError> {
        // A user who owns a directory on the way could exchange it, so each of them is checked.
        for (at, _) in name.match_indices('/') {
            let above = &name[..at];
            if !above.is_empty() {
                self.check(above, &self.dir.metadata(above).map_err(|source| self.failed(name, source))?, false)?;
            }
        }
        // Looked at before it is opened, because opening a device may do something; and after, because it may have been
        // exchanged in between.
        self.check(name, &self.dir.metadata(name).map_err(|source| self.failed(name, source))?, true)?;
        let mut options = OpenOptions::new();
        let file = self.dir.open_with(name, options.read(true).custom_flags(regular::flags()));
        let file = file.map_err(|source| self.failed(name, source))?;
        self.check(name, &file.metadata().map_err(|source| self.failed(name, source))?, true)?;
        Ok(file)
    }

    fn check(&self, name: &str, metadata: &Metadata, plain: bool) -> Result<(), DirectoryError> {
        if plain && let Some(kind) = regular::other_kind(metadata.mode()) {
            return Err(DirectoryError::Special { path: self.path.join(name), kind });
        }
        if self.owners.include(metadata.uid()) {
            return Ok(());
        }
        let (user, owner) = (metadata.uid(), self.owners.directory);
        Err(DirectoryError::Foreign { path: self.path.join(name), user, owner })
    }

    fn failed(&self, name: &str, source: io::Error) -> DirectoryError {
        let path = self.path.join(name);
        // cap-std answers "permission denied" when a path leads out of the directory; a dangling link is not found.
        let link = self.dir.symlink_metadata(name).is_ok_and(|metadata| metadata.is_symlink());
        let led_out = source.kind() == io::ErrorKind::PermissionDenied && source.raw_os_error().is_none();
        if led_out || link && source.kind() == io::ErrorKind::NotFound {
            return DirectoryError::Outside { path };
        }
        DirectoryError::Unreadable { path, source }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{chown, symlink};

    use super::*;

    /// Everything that a team, or another user of its directory, could put in place of a file.
    #[test]
    fn only_plain_files_of_the_team_are_read_and_nothing_is_waited_for() {
        let whole = tempfile::tempdir().unwrap();
        let place = whole.path().join("team");
        fs::create_dir_all(place.join("below")).unwrap();
        fs::write(whole.path().join("secret"), "hunter2").unwrap();
        fs::write(place.join("own"), "own").unwrap();
        fs::write(place.join("below/deep"), "deep").unwrap();
        symlink("own", place.join("inside")).unwrap();
        symlink("../secret", place.join("out")).unwrap();
        symlink(whole.path().join("secret"), place.join("absolute")).unwrap();
        symlink("..", place.join("up")).unwrap();
        symlink("nowhere", place.join("dangling")).unwrap();
        symlink("circle", place.join("circle")).unwrap();
        let mode = rustix::fs::Mode::from_raw_mode(0o644);
        rustix::fs::mknodat(rustix::fs::CWD, place.join("pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(place.join("socket")).unwrap();
        fs::File::create(place.join("huge")).unwrap().set_len(1 << 40).unwrap();
        let team = TeamDirectory::open(&place).unwrap();
        for (name, content) in [("own", "own"), ("below/deep", "deep"), ("inside", "own")] {
            assert_eq!(team.read(name, 99).unwrap(), content.as_bytes());
        }
        for (name, words) in [
            ("out", "leads out"),
            ("absolute", "leads out"),
            ("up/secret", "leads out"),
            ("../secret", "leads out"),
            ("/etc/passwd", "leads out"),
            ("dangling", "leads out"),
            ("circle", "cannot read"),
            ("nothing", "cannot read"),
            ("below", "but a directory"),
            ("pipe", "but a pipe"),
            ("socket", "but a socket"),
            ("huge", "is larger than 99 bytes"),
        ] {
            let said = team.read(name, 99).unwrap_err().to_string();
            assert!(said.contains(words) && !said.contains("hunter2"), "{name}: {said}");
        }
        assert!(team.read("nothing", 9).unwrap_err().is_missing());
        assert!(!team.read("out", 9).unwrap_err().is_missing());
    }

    #[test]
    fn a_file_of_another_user_is_refused_wherever_it_is() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let whole = tempfile::tempdir().unwrap();
        let place = whole.path().join("team");
        fs::create_dir_all(place.join("theirs")).unwrap();
        for (name, owner) in [("own", 1001), ("root", 0), ("foreign", 1002), ("theirs/own", 1001)] {
            fs::write(place.join(name), name).unwrap();
            chown(place.join(name), Some(owner), None).unwrap();
        }
        chown(place.join("theirs"), Some(1002), None).unwrap();
        chown(&place, Some(1001), None).unwrap();
        let team = TeamDirectory::open(&place).unwrap();
        assert_eq!(team.owner_of("own").unwrap(), 1001);
        assert_eq!(team.read("root", 9).unwrap(), b"root");
        for name in ["foreign", "theirs/own"] {
            let error = team.read(name, 99).unwrap_err();
            assert!(error.to_string().contains("belongs to user 1002"), "{error}");
        }
    }
}
