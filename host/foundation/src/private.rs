//! Access to what the agent writes: the state directory, and every file that the agent creates elsewhere for itself,
//! are for the agent's user only.
//!
//! A user who could read the state would read a team's `.env`, and a user who could open a lock file could hold the
//! lock. Files that an operator asked for, such as those of `init` and `man`, get the modes of the operator's own
//! shell.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::fs::Mode;

use crate::explain::{ExitCode, Explain};

/// The entries of the state directory that the agent makes for itself. Directories that an operator created in the
/// state directory for files of plugins keep their modes.
const OWN: &[&str] = &["locks", "bundles", "secrets", "cache", "plugins", "key", "operations"];

/// The permission bits of all users but the owner.
const OTHERS: u32 = 0o077;

/// The depth down to which modes are checked. Below it are the files of bundles and the files that containers mount.
/// Their modes matter to containers, and no other user can reach them.
const DEPTH: usize = 3;

/// Why a state directory is not used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It is another user's.
    #[error("the state directory `{}` belongs to user {owner}, and this agent runs as user {agent}", path.display())]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who the agent is.
        agent: u32,
    },
    /// Others could have put anything there.
    #[error("the state directory `{}` can be written by {who} (mode {mode:04o})", path.display())]
    Open {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Who, besides its owner.
        who: &'static str,
    },
    /// The path goes through a symbolic link: a user who can change the link chooses another state directory.
    #[error("the state directory `{}` is reached through the symbolic link `{}`", path.display(), link.display())]
    Link {
        /// The directory.
        path: PathBuf,
        /// The link on the way.
        link: PathBuf,
        /// Where the path leads, where that is known.
        real: Option<PathBuf>,
    },
    /// It cannot be made, or not be closed to others.
    #[error("cannot use the state directory `{}`", path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Explain for StateError {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Owner { .. } => {
                "run the agent as the directory's owner (root, with `sudo`), or set `state-directory` in \
                                   agent.toml to a directory of this user"
                    .to_owned()
            }
            Self::Open { path, .. } => {
                format!("look whether anything in it is not the agent's, then `chmod 700 {}`", path.display())
            }
            Self::Link { real: Some(real), .. } => {
                format!("name the directory itself in agent.toml: `state-directory = \"{}\"`", real.display())
            }
            Self::Link { real: None, .. } => "name the directory itself as `state-directory` in agent.toml".to_owned(),
            Self::Unusable { .. } => "set `state-directory` in agent.toml, or run the agent as its owner".to_owned(),
        })
    }
}

/// The umask of the process that started this one.
static USERS_MASK: OnceLock<u32> = OnceLock::new();

/// Sets the umask so that only the agent's user can access what this process creates from now on. [`with_users_mask`]
/// and an explicit change of a mode are the exceptions.
pub fn close() {
    let before = rustix::process::umask(Mode::RWXG | Mode::RWXO);
    USERS_MASK.get_or_init(|| before.bits());
}

/// The umask of the process that started this one; none where that umask still applies.
#[must_use]
pub fn users_mask() -> Option<u32> {
    USERS_MASK.get().copied()
}

/// Runs `work` with the umask of the process that started this one: to write files that an operator asked for, or to
/// start a program of the operator. Files that other threads create meanwhile are protected by their own mode and by
/// the directory that they are in.
pub fn with_users_mask<T>(work: impl FnOnce() -> T) -> T {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let Some(mask) = USERS_MASK.get() else { return work() };
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let ours = rustix::process::umask(Mode::from_bits_truncate(*mask));
    let done = work();
    rustix::process::umask(ours);
    done
}

/// Writes a file that only the agent's user reads, or what a path such as `/dev/stdout` stands for.
pub fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
    close_file(&file)?;
    file.write_all(content)
}

/// Makes a directory, and those above it that are missing, for the agent's user alone.
pub fn directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Opens a file to be written, and makes it for the agent's user alone where it is not there. Its content stays.
pub fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    close_file(&file)?;
    Ok(file)
}

fn close_file(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    let own = metadata.is_file() && metadata.uid() == rustix::process::geteuid().as_raw();
    if own && metadata.mode() & OTHERS != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Whether a state directory belongs to the agent's user and no other user can change it. A directory that does not
/// exist yet passes. A path that is no directory passes too: other code reports it.
pub fn judge(path: &Path) -> Result<(), StateError> {
    if let Some(link) = first_link(path) {
        return Err(StateError::Link { path: path.to_owned(), link, real: path.canonicalize().ok() });
    }
    let Ok(metadata) = fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.is_dir() {
        return Ok(());
    }
    let agent = rustix::process::geteuid().as_raw();
    if metadata.uid() != agent {
        return Err(StateError::Owner { path: path.to_owned(), owner: metadata.uid(), agent });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o022 != 0 {
        let who = if mode & 0o002 != 0 { "every user of this host" } else { "its group" };
        return Err(StateError::Open { path: path.to_owned(), mode, who });
    }
    Ok(())
}

/// Whether others than the agent's user can enter or list a state directory that is there.
#[must_use]
pub fn is_closed(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.mode() & OTHERS == 0)
}

/// Judges a state directory, and closes what an earlier agent left open to be read.
pub fn claim(path: &Path) -> Result<(), StateError> {
    judge(path)?;
    if !fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        return Ok(());
    }
    match tighten(path, 0) {
        // The file system is read-only: no user can change anything there, and a user who can read it now could read it
        // before.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => Ok(()),
        Err(source) => Err(StateError::Unusable { path: path.to_owned(), source }),
        Ok(()) => Ok(()),
    }
}

fn tighten(directory: &Path, depth: usize) -> io::Result<()> {
    close_mode(directory)?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let own = depth > 0 || OWN.iter().any(|own| name.as_encoded_bytes() == own.as_bytes());
        // Others of the agent come and go here.
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        let closed = if metadata.is_dir() && own && depth + 1 < DEPTH && !is_kept(directory) {
            tighten(&path, depth + 1)
        } else if metadata.is_file() && !is_kept(directory) && metadata.uid() == rustix::process::geteuid().as_raw() {
            close_mode(&path)
        } else {
            Ok(())
        };
        match closed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a directory has what containers mount: bundles by digest, or the files of an application.
fn is_kept(directory: &Path) -> bool {
    let named = |path: Option<&Path>, name: &str| path.and_then(Path::file_name).is_some_and(|found| found == name);
    named(Some(directory), "sha256") || named(directory.parent(), "secrets")
}

fn close_mode(path: &Path) -> io::Result<()> {
    let mode = fs::symlink_metadata(path)?.mode() & 0o7777;
    if mode & OTHERS == 0 {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode & 0o700))
}

/// The first symbolic link on the way.
fn first_link(path: &Path) -> Option<PathBuf> {
    let mut here = PathBuf::new();
    for part in path.components() {
        here.push(part);
        let is_name = matches!(part, Component::Normal(_));
        if is_name && fs::symlink_metadata(&here).is_ok_and(|metadata| metadata.is_symlink()) {
            return Some(here);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_state_directory_is_the_agents_and_nobody_elses() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        let state = top.join("state");
        claim(&state).unwrap();
        fs::create_dir(&state).unwrap();
        for (bits, fits) in [
            (0o700, true),
            (0o711, true),
            (0o755, true),
            (0o770, false),
            (0o775, false),
            (0o757, false),
            (0o1777, false),
        ] {
            set(&state, bits);
            assert_eq!(claim(&state).is_ok(), fits, "{bits:o}");
            assert_eq!(mode(&state), if fits { 0o700 } else { bits }, "{bits:o}");
        }
        set(&state, 0o700);
        symlink(&state, top.join("link")).unwrap();
        symlink(&top, top.join("above")).unwrap();
        for path in ["link", "above/state", "above/new"] {
            let error = claim(&top.join(path)).unwrap_err();
            assert!(matches!(error, StateError::Link { .. }), "{path}: {error}");
        }
        let hint = claim(&top.join("link")).unwrap_err().hint().unwrap();
        assert!(hint.contains(&state.display().to_string()), "{hint}");
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&state, Some(65_534), None).unwrap();
            let error = claim(&state).unwrap_err();
            assert!(matches!(error, StateError::Owner { owner: 65_534, agent: 0, .. }), "{error}");
        }
    }

    #[test]
    fn what_an_earlier_agent_left_open_is_closed_and_what_containers_mount_keeps_its_mode() {
        let place = tempfile::tempdir().unwrap();
        let state = place.path().canonicalize().unwrap().join("state");
        for directory in ["locks", "bundles/sha256/ab/conf", "secrets/kudos", "cache/aot", "plugins", "records"] {
            fs::create_dir_all(state.join(directory)).unwrap();
        }
        let files = [
            "journal.sqlite3",
            "journal.sqlite3-wal",
            "reserve",
            "key",
            "locks/kudos.lock",
            "cache/aot/a.cwasm",
            "bundles/sha256/ab/.env",
            "bundles/sha256/ab/conf/a",
            "secrets/kudos/x",
            "records/state.json",
        ];
        for file in files {
            fs::write(state.join(file), "x").unwrap();
            set(&state.join(file), 0o644);
        }
        for directory in [
            "",
            "locks",
            "bundles",
            "bundles/sha256",
            "bundles/sha256/ab",
            "secrets",
            "secrets/kudos",
            "cache",
            "cache/aot",
            "records",
        ] {
            set(&state.join(directory), 0o755);
        }
        claim(&state).unwrap();
        for closed in ["", "locks", "bundles", "bundles/sha256", "secrets", "secrets/kudos", "cache", "cache/aot"] {
            assert_eq!(mode(&state.join(closed)), 0o700, "{closed}");
        }
        for closed in
            ["journal.sqlite3", "journal.sqlite3-wal", "reserve", "key", "locks/kudos.lock", "cache/aot/a.cwasm"]
        {
            assert_eq!(mode(&state.join(closed)), 0o600, "{closed}");
        }
        for kept in ["bundles/sha256/ab/.env", "bundles/sha256/ab/conf/a", "secrets/kudos/x", "records/state.json"] {
            assert_eq!(mode(&state.join(kept)), 0o644, "{kept}");
        }
        assert_eq!((mode(&state.join("bundles/sha256/ab")), mode(&state.join("records"))), (0o755, 0o755));
    }

    #[test]
    fn a_file_for_the_agent_is_closed_also_when_it_was_there() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("plan.json");
        fs::write(&path, "much longer than what comes").unwrap();
        set(&path, 0o644);
        write(&path, b"{}").unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), ("{}", 0o600));
        write(Path::new("/dev/null"), b"x").unwrap();
        let lock = place.path().join("lock");
        fs::write(&lock, "kept").unwrap();
        set(&lock, 0o666);
        drop(open(&lock).unwrap());
        assert_eq!((fs::read_to_string(&lock).unwrap().as_str(), mode(&lock)), ("kept", 0o600));
    }
}
