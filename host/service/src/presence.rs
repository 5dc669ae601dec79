//! Which process works with a state directory: the agent that stays, or commands that work by themselves.
//!
//! The agent holds a lock for as long as it lives. A command beside it would not be told to stop when the agent is, and the
//! agent would not know of its deployments, so it is refused and says where the agent is asked.
//!
//! Processes that work for the agent hold another lock together: one that outlives its agent for a moment is waited for.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use windlass_foundation::explain::{ExitCode, Explain};
use windlass_foundation::{flock, private, regular};

/// The lock of the agent, below the state directory. The file has the path of the agent's socket.
const LOCK: &str = "agent.lock";

/// The lock of those that work for the agent.
const WORK_LOCK: &str = "work.lock";

/// Why the state directory is not this process's to work with.
#[derive(Debug, thiserror::Error)]
pub enum PresenceError {
    /// An agent stays here already.
    #[error("an agent already works with the state directory `{}`; it is asked at `{socket}`", state.display())]
    Taken {
        /// The state directory.
        state: PathBuf,
        /// The other agent's socket.
        socket: String,
    },
    /// The lock cannot be taken.
    #[error("cannot lock the state directory `{}`", state.display())]
    Lock {
        /// The state directory.
        state: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Explain for PresenceError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Taken { .. } => ExitCode::Busy,
            Self::Lock { .. } => ExitCode::Unexpected,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Taken { socket, .. } => Some(format!(
                "write `socket = \"{socket}\"` below `[agent]` in the operator's file, so that commands find the agent; or \
                 stop the agent first"
            )),
            Self::Lock { .. } => None,
        }
    }
}

/// The agent is there until this goes.
#[derive(Debug)]
pub struct Presence {
    _lock: File,
}

/// Says that the agent of this state directory is asked at a socket.
///
/// # Errors
/// When there is another one.
pub fn claim(state: &Path, socket: &Path) -> Result<Presence, PresenceError> {
    let failed = |source| PresenceError::Lock { state: state.to_owned(), source };
    private::directory(state).map_err(failed)?;
    let mut lock = private::open(&state.join(LOCK)).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(taken(state)),
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    lock.set_len(0).map_err(failed)?;
    lock.write_all(socket.as_os_str().as_encoded_bytes()).map_err(failed)?;
    Ok(Presence { _lock: lock })
}

/// Keeps every agent, and every command that works by itself, from the state directory until this goes; none where no agent ever
/// worked there. Nothing is written: the directory may belong to a user whom the caller need not trust.
///
/// # Errors
/// When an agent works there.
pub fn hold(state: &Path) -> Result<Option<Presence>, PresenceError> {
    let failed = |source| PresenceError::Lock { state: state.to_owned(), source };
    let flags = regular::flags() | i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let lock = match File::options().read(true).custom_flags(flags).open(state.join(LOCK)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed(source)),
    };
    match lock.try_lock() {
        Ok(()) => Ok(Some(Presence { _lock: lock })),
        Err(TryLockError::WouldBlock) => Err(taken(state)),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Says that this process works for the agent of a state directory, until the answer goes.
///
/// # Errors
/// When the lock cannot be taken, or an agent that has just begun waits for others that still work.
pub fn work(state: &Path) -> io::Result<Presence> {
    let lock = private::open(&state.join(WORK_LOCK))?;
    lock.try_lock_shared()?;
    Ok(Presence { _lock: lock })
}

/// Waits until no process works any more for an earlier agent, but not longer than this.
///
/// # Errors
/// When the lock cannot be asked.
pub async fn until_none_works(state: &Path, within: Duration) -> io::Result<()> {
    let lock = private::open(&state.join(WORK_LOCK))?;
    let taken = tokio::task::spawn_blocking(move || lock.lock().map(|()| drop(lock)));
    match tokio::time::timeout(within, taken).await {
        Ok(taken) => taken.map_err(io::Error::other)?,
        Err(_) => Ok(()),
    }
}

/// Refuses to work beside an agent.
pub(crate) fn refuse_beside_agent(state: &Path) -> Result<(), PresenceError> {
    if flock::is_held(&state.join(LOCK)) { Err(taken(state)) } else { Ok(()) }
}

fn taken(state: &Path) -> PresenceError {
    let socket = fs::read_to_string(state.join(LOCK)).unwrap_or_default();
    PresenceError::Taken { state: state.to_owned(), socket }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_agent_and_no_command_works_beside_it() {
        let state = tempfile::tempdir().unwrap();
        refuse_beside_agent(state.path()).unwrap();
        let presence = claim(state.path(), Path::new("/run/a.sock")).unwrap();
        let refused = refuse_beside_agent(state.path()).unwrap_err();
        assert!(refused.to_string().ends_with("it is asked at `/run/a.sock`"), "{refused}");
        assert_eq!(refused.exit(), ExitCode::Busy);
        let second = claim(state.path(), Path::new("/run/another.sock")).unwrap_err();
        assert!(second.to_string().ends_with("`/run/a.sock`"), "{second}");
        hold(state.path()).unwrap_err();
        drop(presence);
        let held = hold(state.path()).unwrap();
        assert!(held.is_some());
        refuse_beside_agent(state.path()).unwrap_err();
        drop(held);
        assert!(hold(&state.path().join("none")).unwrap().is_none());
        refuse_beside_agent(state.path()).unwrap();
        claim(state.path(), Path::new("/b")).unwrap();
        assert_eq!(fs::read_to_string(state.path().join(LOCK)).unwrap(), "/b");
    }

    #[tokio::test]
    async fn an_agent_waits_for_those_that_worked_for_an_earlier_one() {
        let state = tempfile::tempdir().unwrap();
        let (one, other) = (work(state.path()).unwrap(), work(state.path()).unwrap());
        drop(one);
        let mut waits = Box::pin(until_none_works(state.path(), Duration::from_mins(1)));
        assert!(futures::poll!(&mut waits).is_pending());
        drop(other);
        waits.await.unwrap();
        // One that goes on for too long is not waited for.
        let _other = work(state.path()).unwrap();
        until_none_works(state.path(), Duration::from_millis(1)).await.unwrap();
    }
}
