//! The file `authorized_keys`: read, and replaced as a whole.
//!
//! Its directory may belong to a user who is not trusted, and whoever edits it may be root. So the directory is opened once,
//! everything in it is opened beneath it and through no link, and nothing is written into what is there: a new file takes its place.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FlockOperation, Gid, Mode, OFlags, Stat, Uid};
use windlass_foundation::explain::{ExitCode, Explain};
use windlass_foundation::regular;

use super::copy_of;

/// The most bytes of the file. sshd reads it from its beginning at each login.
const LIMIT: u64 = 8 << 20;

/// Why the file was not read or not replaced.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The operating system says no.
    #[error("cannot {what} `{}`", path.display())]
    System {
        /// What was done to it.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// A link, a directory or something else in place of it.
    #[error("`{}` is {kind}, and is not followed or written", path.display())]
    Special {
        /// What was found.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// It belongs to another user, or others can write it.
    #[error("`{}` {why}", path.display())]
    Foreign {
        /// The file or directory.
        path: PathBuf,
        /// Why it is not touched.
        why: String,
    },
    /// It was changed since it was read.
    #[error("`{}` was changed meanwhile; nothing was written", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Another process edits it in the same way.
    #[error("another `windlass ssh-gate` is changing `{}`", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
}

impl Explain for FileError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Changed { .. } => ExitCode::Stale,
            Self::Busy { .. } => ExitCode::Busy,
            Self::System { .. } | Self::Special { .. } | Self::Foreign { .. } => ExitCode::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Special { .. } => Some("name the file itself with `--file`".to_owned()),
            Self::Changed { .. } | Self::Busy { .. } => Some("look at it, and try again".to_owned()),
            Self::System { path, source, .. } if source.kind() == io::ErrorKind::NotFound && path.ends_with(".ssh") => {
                Some("there is no key yet; `windlass ssh-gate install` makes it, without `--dry-run`".to_owned())
            }
            Self::System { .. } | Self::Foreign { .. } => None,
        }
    }
}

/// Which file is meant.
#[derive(Debug, Clone)]
pub enum Place {
    /// This one, in a directory that is there.
    File(PathBuf),
    /// `.ssh/authorized_keys` of a user.
    User {
        /// The user's number.
        user: u32,
        /// The number of the group that its files get.
        group: u32,
        /// Its home.
        home: PathBuf,
    },
}

/// The file, as it was read.
#[derive(Debug)]
pub struct AuthorizedKeys {
    directory: OwnedFd,
    path: PathBuf,
    /// Who may own it, besides root. None means that no user was named.
    user: Option<u32>,
    found: Option<(Stat, Vec<u8>)>,
}

impl AuthorizedKeys {
    /// Reads the file; one that is not there is empty. Where `makes` says so, the directory of a user is made.
    ///
    /// # Errors
    /// When it or its directory is not what it must be.
    pub fn open(place: &Place, makes: bool) -> Result<Self, FileError> {
        let (directory, path, user) = match place {
            Place::File(path) => {
                let path = std::path::absolute(path).map_err(|source| system("find", path, source))?;
                let above = path.parent().unwrap_or(Path::new("/"));
                let directory = rustix::fs::open(above, directory_flags(), Mode::empty());
                (directory.map_err(|error| no_link(above, "open", error))?, path, None)
            }
            Place::User { user, group, home } => {
                let opened = rustix::fs::open(home, directory_flags() - OFlags::NOFOLLOW, Mode::empty());
                let opened = opened.map_err(|error| no_link(home, "open", error))?;
                let status = owned(&opened, home, Some(*user))?;
                let path = home.join(".ssh");
                if makes {
                    make(&opened, &path, &status, (*user, *group))?;
                }
                let directory = rustix::fs::openat(&opened, ".ssh", directory_flags(), Mode::empty());
                let directory = directory.map_err(|error| no_link(&path, "open", error))?;
                owned(&directory, &path, Some(*user))?;
                (directory, path.join("authorized_keys"), Some(*user))
            }
        };
        rustix::fs::flock(&directory, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| FileError::Busy { path: path.clone() })?;
        let mut this = Self { directory, path, user, found: None };
        this.found = this.read()?;
        Ok(this)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its content.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        self.found.as_ref().map_or(&[], |(_, content)| content)
    }

    /// What is there now; none where nothing is.
    fn read(&self) -> Result<Option<(Stat, Vec<u8>)>, FileError> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.directory, self.name(), flags, Mode::empty()) {
            Ok(file) => file,
            Err(rustix::io::Errno::NOENT) => return Ok(None),
            Err(error) => return Err(no_link(&self.path, "open", error)),
        };
        let status = owned(&file, &self.path, self.user)?;
        if let Some(kind) = regular::other_kind(status.st_mode) {
            return Err(FileError::Special { path: self.path.clone(), kind });
        }
        if status.st_nlink != 1 {
            return Err(FileError::Special { path: self.path.clone(), kind: "a file with several names" });
        }
        let content = regular::whole(File::from(file), LIMIT);
        Ok(Some((status, content.map_err(|source| system("read", &self.path, source))?)))
    }

    /// Puts a file with this content in its place, and the one that was there beside it; the path of that one. It keeps its
    /// owner. No other user may write it, and others may read it only where they could before, or where it is root's for a user.
    ///
    /// # Errors
    /// When it was changed since it was read, or cannot be written. It is then as it was.
    pub fn replace(&self, content: &[u8]) -> Result<Option<PathBuf>, FileError> {
        let above = rustix::fs::fstat(&self.directory).map_err(|error| system("look at", &self.path, error.into()))?;
        let (owner, mode) = match &self.found {
            Some((status, _)) => ((status.st_uid, status.st_gid), 0o600 | (status.st_mode & 0o044)),
            // sshd opens it as the user.
            None if above.st_uid != self.user.unwrap_or(above.st_uid) => ((above.st_uid, above.st_gid), 0o644),
            None => ((above.st_uid, above.st_gid), 0o600),
        };
        let new = self.beside(".windlass-new", content, owner, mode)?;
        let copy = match &self.found {
            Some((_, old)) => Some(self.beside(".windlass-old", old, owner, mode)?),
            None => None,
        };
        if !self.is_as_it_was()? {
            for name in copy.iter().chain([&new]) {
                rustix::fs::unlinkat(&self.directory, name.as_str(), AtFlags::empty()).ok();
            }
            return Err(FileError::Changed { path: self.path.clone() });
        }
        let renamed = |from: &str, to: &Path| {
            let to_name = to.file_name().unwrap_or_default();
            rustix::fs::renameat(&self.directory, from, &self.directory, to_name)
                .map_err(|error| system("replace", to, error.into()))
        };
        let kept = copy_of(&self.path);
        if let Some(copy) = &copy {
            renamed(copy, &kept)?;
        }
        renamed(&new, &self.path)?;
        rustix::fs::fsync(&self.directory).map_err(|error| system("keep", &self.path, error.into()))?;
        Ok(copy.map(|_| kept))
    }

    /// Whether it is unchanged since it was read.
    fn is_as_it_was(&self) -> Result<bool, FileError> {
        Ok(match (&self.found, self.read()?) {
            (None, None) => true,
            (Some((then, old)), Some((now, new))) => {
                let identity =
                    |status: &Stat| (status.st_dev, status.st_ino, status.st_uid, status.st_gid, status.st_mode);
                identity(then) == identity(&now) && *old == new
            }
            _ => false,
        })
    }

    /// Writes a file in the same directory, whole and on the disk; its name.
    fn beside(&self, ending: &str, content: &[u8], owner: (u32, u32), mode: u32) -> Result<String, FileError> {
        let name = format!("{}{ending}", self.name().to_string_lossy());
        let path = self.path.with_file_name(&name);
        // Of a run that was ended in the middle. No other process has the lock.
        rustix::fs::unlinkat(&self.directory, name.as_str(), AtFlags::empty()).ok();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let written = || -> io::Result<()> {
            let file = rustix::fs::openat(&self.directory, name.as_str(), flags, Mode::RUSR | Mode::WUSR)?;
            let status = rustix::fs::fstat(&file)?;
            if (status.st_uid, status.st_gid) != owner {
                rustix::fs::fchown(&file, Some(Uid::from_raw(owner.0)), Some(Gid::from_raw(owner.1)))?;
            }
            let mut file = File::from(file);
            file.write_all(content)?;
            rustix::fs::fchmod(file.as_fd(), Mode::from_raw_mode(mode))?;
            file.sync_all()
        };
        written().map_err(|source| system("write", &path, source))?;
        Ok(name)
    }

    fn name(&self) -> &std::ffi::OsStr {
        self.path.file_name().unwrap_or_default()
    }
}

fn directory_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn system(what: &'static str, path: &Path, source: io::Error) -> FileError {
    FileError::System { what, path: path.to_owned(), source }
}

/// The error of a file that was opened through no link.
fn no_link(path: &Path, what: &'static str, error: rustix::io::Errno) -> FileError {
    let is_link = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    match error {
        rustix::io::Errno::LOOP | rustix::io::Errno::NOTDIR if is_link => {
            FileError::Special { path: path.to_owned(), kind: "a symbolic link" }
        }
        error => system(what, path, error.into()),
    }
}

/// What an open file or directory is. It must be root's or the user's, where one was named, and others must not be able to write
/// it: sshd (`StrictModes`) reads no other.
fn owned(file: &OwnedFd, path: &Path, user: Option<u32>) -> Result<Stat, FileError> {
    let status = rustix::fs::fstat(file).map_err(|error| system("look at", path, error.into()))?;
    let foreign = |why: String| Err(FileError::Foreign { path: path.to_owned(), why });
    if let Some(user) = user
        && status.st_uid != 0
        && status.st_uid != user
    {
        return foreign(format!("belongs to user {}, and not to user {user} or to root", status.st_uid));
    }
    if status.st_mode & 0o022 != 0 {
        return foreign(format!(
            "can be written by others (mode {:04o}), and sshd would not read it",
            status.st_mode & 0o7777
        ));
    }
    Ok(status)
}

/// Makes the directory in a user's home, for who owns the home.
fn make(home: &OwnedFd, path: &Path, status: &Stat, (user, group): (u32, u32)) -> Result<(), FileError> {
    let is_users = status.st_uid == user;
    let mode = if is_users { 0o700 } else { 0o755 };
    match rustix::fs::mkdirat(home, ".ssh", Mode::from_raw_mode(mode)) {
        Err(rustix::io::Errno::EXIST) => return Ok(()),
        Err(error) => return Err(system("make", path, error.into())),
        Ok(()) => {}
    }
    let opened = || -> io::Result<()> {
        let directory = rustix::fs::openat(home, ".ssh", directory_flags(), Mode::empty())?;
        // The mask of this process took some of it away.
        rustix::fs::fchmod(&directory, Mode::from_raw_mode(mode))?;
        if is_users && rustix::process::geteuid().as_raw() != user {
            rustix::fs::fchown(&directory, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?;
        }
        Ok(())
    };
    opened().map_err(|source| system("make", path, source))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};

    use super::*;

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            let home = Self(tempfile::tempdir().unwrap());
            fs::create_dir(home.path(".ssh")).unwrap();
            set(&home.path(".ssh"), 0o700);
            home
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn file(&self) -> PathBuf {
            self.path(".ssh/authorized_keys")
        }

        fn place(&self) -> Place {
            let status = fs::metadata(self.0.path()).unwrap();
            Place::User { user: status.uid(), group: status.gid(), home: self.0.path().to_owned() }
        }

        fn open(&self) -> Result<AuthorizedKeys, FileError> {
            AuthorizedKeys::open(&self.place(), false)
        }

        /// The names beside the file.
        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(self.path(".ssh")).unwrap();
            let mut names: Vec<String> =
                entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_new_file_takes_the_place_of_the_old_one_which_is_kept_beside_it() {
        let home = Home::new();
        let none = home.open().unwrap();
        assert_eq!((none.content(), none.replace(b"one\n").unwrap()), (&b""[..], None));
        drop(none);
        assert_eq!((fs::read(home.file()).unwrap(), mode(&home.file())), (b"one\n".to_vec(), 0o600));
        for (before, after) in [(0o600, 0o600), (0o644, 0o644), (0o640, 0o640), (0o755, 0o644), (0o400, 0o600)] {
            fs::write(home.file(), "one\n").unwrap_or_else(|error| panic!("{before:o}: {error}"));
            set(&home.file(), before);
            let inode = fs::metadata(home.file()).unwrap().ino();
            let open = home.open().unwrap();
            let kept = open.replace(b"two\n").unwrap().unwrap();
            assert_eq!(
                (fs::read(home.file()).unwrap(), fs::read(&kept).unwrap()),
                (b"two\n".to_vec(), b"one\n".to_vec())
            );
            assert_eq!((mode(&home.file()), mode(&kept)), (after, after), "{before:o}");
            assert_ne!(fs::metadata(home.file()).unwrap().ino(), inode);
            assert_eq!(home.names(), ["authorized_keys", "authorized_keys.before-windlass"]);
        }
    }

    #[test]
    fn what_somebody_changed_meanwhile_is_not_overwritten() {
        type Change = fn(&Home);
        let changes: [Change; 5] = [
            |home| fs::write(home.file(), "more\n").unwrap(),
            |home| fs::remove_file(home.file()).unwrap(),
            |home| {
                fs::write(home.path("other"), "one\n").unwrap();
                fs::rename(home.path("other"), home.file()).unwrap();
            },
            |home| set(&home.file(), 0o644),
            |home| {
                fs::remove_file(home.file()).unwrap();
                symlink("/etc/passwd", home.file()).unwrap();
            },
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let home = Home::new();
            fs::write(home.file(), "one\n").unwrap();
            set(&home.file(), 0o600);
            let open = home.open().unwrap();
            change(&home);
            let left = fs::symlink_metadata(home.file()).map(|metadata| metadata.ino()).ok();
            let error = open.replace(b"two\n").unwrap_err();
            assert!(matches!(error, FileError::Changed { .. } | FileError::Special { .. }), "{at}: {error}");
            assert_eq!(fs::symlink_metadata(home.file()).map(|metadata| metadata.ino()).ok(), left);
        }
        let home = Home::new();
        let open = home.open().unwrap();
        fs::write(home.file(), "mine\n").unwrap();
        assert!(matches!(open.replace(b"two\n"), Err(FileError::Changed { .. })));
        assert_eq!(home.names(), ["authorized_keys"]);
        assert!(matches!(home.open(), Err(FileError::Busy { .. })));
    }

    #[test]
    fn nothing_is_followed_and_nothing_of_others_is_touched() {
        let home = Home::new();
        fs::write(home.path("elsewhere"), "x").unwrap();
        let refused = |what: &str| {
            for place in [home.place(), Place::File(home.file())] {
                let error = AuthorizedKeys::open(&place, true).unwrap_err();
                assert!(error.to_string().contains(what), "{what}: {error}");
            }
        };
        symlink("../elsewhere", home.file()).unwrap();
        refused("symbolic link");
        fs::remove_file(home.file()).unwrap();
        fs::hard_link(home.path("elsewhere"), home.file()).unwrap();
        refused("several names");
        fs::remove_file(home.file()).unwrap();
        fs::create_dir(home.file()).unwrap();
        refused("a directory");
        fs::remove_dir(home.file()).unwrap();
        fs::write(home.file(), "x").unwrap();
        set(&home.file(), 0o664);
        refused("mode 0664");
        fs::remove_file(home.file()).unwrap();
        fs::rename(home.path(".ssh"), home.path("real")).unwrap();
        symlink("real", home.path(".ssh")).unwrap();
        refused("symbolic link");
        fs::remove_file(home.path(".ssh")).unwrap();
        assert!(home.open().unwrap_err().hint().unwrap().contains("there is no key yet"));
        drop(AuthorizedKeys::open(&home.place(), true).unwrap());
        assert_eq!(mode(&home.path(".ssh")), 0o700);
        set(&home.path(".ssh"), 0o777);
        assert!(matches!(home.open(), Err(FileError::Foreign { .. })));
        set(&home.path(".ssh"), 0o700);
        if rustix::process::geteuid().is_root() {
            chown(home.path(".ssh"), Some(65_534), None).unwrap();
            assert!(matches!(home.open(), Err(FileError::Foreign { .. })));
            // Root's home for a user, who can read it and not write it.
            chown(home.path(".ssh"), Some(0), None).unwrap();
            fs::remove_dir_all(home.path(".ssh")).unwrap();
            set(home.0.path(), 0o755);
            let place = Place::User { user: 65_534, group: 65_534, home: home.0.path().to_owned() };
            AuthorizedKeys::open(&place, true).unwrap().replace(b"one\n").unwrap();
            assert_eq!((mode(&home.path(".ssh")), mode(&home.file())), (0o755, 0o644));
            assert_eq!(fs::metadata(home.file()).unwrap().uid(), 0);
        }
    }
}
