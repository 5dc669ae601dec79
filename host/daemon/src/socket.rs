//! Where the agent is asked: the path of its socket, who may have made it, and how it is made.
//!
//! A caller sends commands and documents to whoever listens, so it looks at who made the socket first.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use windlass_config::{Config, DEFAULT_GROUP, DEFAULT_PATH, DEFAULT_SOCKET};
use windlass_foundation::account;

use super::error::AgentError;
use super::protocol::{Maintenance, version};

/// What an agent that was stopped in order leaves beside its socket.
const MAINTENANCE: &str = "maintenance.json";

/// The sticky bit of a directory: in it, only the owner of a file removes it.
const STICKY: u32 = 0o1000;

/// Where the agent of an operator's file is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    path: PathBuf,
}

impl Place {
    /// The place that an operator's file means; none where it means none. And the file, as it was read for that. One that
    /// cannot be read here means the usual place, when it is the usual file: not everyone who may ask the agent may read it.
    #[must_use]
    pub fn of(named: Option<&Path>) -> (Option<Self>, Option<Config>) {
        let config = Config::read(named.unwrap_or(Path::new(DEFAULT_PATH))).ok();
        (Self::meant(config.as_ref().and_then(|config| config.resident.socket.as_deref()), named), config)
    }

    /// The place that a configuration means.
    ///
    /// # Errors
    /// When it means none.
    pub(super) fn of_config(config: &Config) -> Result<Self, AgentError> {
        let no_socket = || AgentError::NoSocket { config: config.file.clone().unwrap_or_default() };
        Self::meant(config.resident.socket.as_deref(), config.file.as_deref()).ok_or_else(no_socket)
    }

    /// The socket that is written, or the usual one of the usual file.
    fn meant(written: Option<&Path>, file: Option<&Path>) -> Option<Self> {
        let is_usual = file.is_none_or(|file| file == Path::new(DEFAULT_PATH));
        let path = written.or(is_usual.then_some(Path::new(DEFAULT_SOCKET)))?;
        Some(Self { path: path.to_owned() })
    }

    /// The socket's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether something is there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    /// When the agent was stopped in order, where the last one was.
    pub(super) fn stopped(&self) -> Option<Timestamp> {
        let text = fs::read_to_string(self.path.with_file_name(MAINTENANCE)).ok()?;
        serde_json::from_str::<Maintenance>(&text).ok().map(|left| left.since)
    }

    /// The agent is there again.
    pub(super) fn take_word_back(&self) {
        fs::remove_file(self.path.with_file_name(MAINTENANCE)).ok();
    }

    /// Says that the agent was stopped in order.
    pub(super) fn leave_word(&self) -> io::Result<()> {
        let word = Maintenance { since: Timestamp::now(), version: version() };
        let path = self.path.with_file_name(MAINTENANCE);
        fs::write(&path, serde_json::to_string(&word)?)?;
        fs::set_permissions(path, Permissions::from_mode(0o644))
    }

    /// Refuses a socket that another user could have made.
    pub(super) fn trust(&self) -> Result<(), AgentError> {
        let untrusted = |why: String| AgentError::Untrusted { path: self.path.clone(), why };
        let parent = self.path.parent().unwrap_or(Path::new("/"));
        let closed = |error: io::Error| match error.kind() {
            io::ErrorKind::PermissionDenied => AgentError::Closed { path: self.path.clone() },
            _ => untrusted(error.to_string()),
        };
        let socket = fs::symlink_metadata(&self.path).map_err(closed)?;
        let directory = fs::metadata(parent).map_err(closed)?;
        if !socket.file_type().is_socket() {
            return Err(AgentError::NotASocket { path: self.path.clone() });
        }
        let mode = directory.mode();
        if mode & 0o002 != 0 && mode & STICKY == 0 {
            return Err(untrusted(format!("every user of this host can write into `{}`", parent.display())));
        }
        let own = rustix::process::geteuid().as_raw();
        let is_known = |user: u32| user == 0 || user == own;
        if is_known(socket.uid()) || (socket.uid() == directory.uid() && mode & 0o002 == 0) {
            return Ok(());
        }
        let who = account::name(socket.uid()).unwrap_or_else(|| socket.uid().to_string());
        Err(untrusted(format!("it belongs to `{who}`, and `{}` does not", parent.display())))
    }

    /// Makes the socket, for root, this user and a group. A socket that an ended agent left is replaced; the caller has
    /// made sure that no agent of this state directory lives.
    pub(super) fn listen(&self, config: &Config) -> Result<UnixListener, AgentError> {
        let failed = |source| AgentError::Listen { path: self.path.clone(), source };
        let group = group(config)?;
        if let Some(parent) = self.path.parent() {
            DirBuilder::new().recursive(true).mode(0o755).create(parent).map_err(failed)?;
            if parent.file_name().is_some_and(|name| name == "windlass") {
                // The umask of the agent closed it; the group goes through it to the socket.
                fs::set_permissions(parent, Permissions::from_mode(0o755)).map_err(failed)?;
            }
        }
        match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
            Ok(found) if !found.file_type().is_socket() => {
                return Err(AgentError::NotASocket { path: self.path.clone() });
            }
            Ok(_) if UnixStream::connect(&self.path).is_ok() => {
                return Err(AgentError::Taken { path: self.path.clone() });
            }
            Ok(_) => fs::remove_file(&self.path).map_err(failed)?,
        }
        let listener = UnixListener::bind(&self.path).map_err(failed)?;
        if let Some(group) = group {
            chown(&self.path, None, Some(group)).map_err(failed)?;
        }
        fs::set_permissions(&self.path, Permissions::from_mode(0o660)).map_err(failed)?;
        Ok(listener)
    }

    /// Takes the socket away.
    pub(super) fn remove(&self) {
        fs::remove_file(&self.path).ok();
    }
}

/// The group that may open the socket. The usual one may be missing: then root alone may.
fn group(config: &Config) -> Result<Option<u32>, AgentError> {
    let name = config.resident.group.as_deref().unwrap_or(DEFAULT_GROUP);
    match account::group(name) {
        Some(group) => Ok(Some(group)),
        None if config.resident.group.is_none() => Ok(None),
        None => Err(AgentError::NoGroup { group: name.to_owned() }),
    }
}
