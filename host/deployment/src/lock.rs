//! One deployment of an application at a time.
//!
//! The lock is a `flock` that the kernel lets go when the process ends, however it ends. Who holds it is in the
//! journal, for messages only.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::oneshot;
use windlass_foundation::blocking::blocking;
use windlass_foundation::flock;
use windlass_foundation::names::Instance;
use windlass_foundation::principal::Principal;
use windlass_foundation::private;
use windlass_foundation::progress::{DeploymentRef, Progress};

use super::engine::Engine;
use super::error::Error;
use super::stop::Stop;
use super::work::owner;

/// How long what the agent does by itself is waited for by who does not want to wait.
const BRIEF: Duration = Duration::from_secs(30);

/// The application is held until this goes.
pub(super) struct Held<'a> {
    engine: &'a Engine,
    instance: Instance,
    file: File,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Err(error) = blocking(|| self.engine.journal.release(&self.instance)) {
            tracing::debug!(%error, "the holder stays in the journal, where the next one replaces it");
        }
        // Closing it is not enough: a program that another thread is starting right now has a copy of the open file
        // until it runs.
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, "the lock goes when the file is closed");
        }
    }
}

/// Takes the lock. Waits for it at most `wait`; none means not at all.
pub(super) async fn hold<'a>(
    engine: &'a Engine,
    instance: &Instance,
    by: &Principal,
    wait: Option<Duration>,
    stop: &Stop,
) -> Result<Held<'a>, Error> {
    let failed = |source| Error::Lock { application: instance.to_string(), source };
    // Only the agent's user can open the file: a process that can open it can hold the lock.
    private::directory(&engine.locks).map_err(failed)?;
    let path = file(engine, instance);
    let file = private::open(&path).map_err(failed)?;
    let file = match file.try_lock() {
        Ok(()) => file,
        Err(TryLockError::Error(source)) => return Err(failed(source)),
        Err(TryLockError::WouldBlock) => {
            let holder = holder(engine, instance)?;
            let busy = Error::Busy { application: instance.to_string(), holder: holder.clone() };
            let Some(wait) = wait.or(brief(engine, instance)?) else { return Err(busy) };
            let of = DeploymentRef { application: instance.to_string(), deployment: None };
            engine.notice(&of, Progress::Waiting { holder });
            tokio::select! {
                locked = locked(file) => locked.map_err(failed)?,
                () = tokio::time::sleep(wait) => return Err(busy),
                () = stop.unwind().cancelled() => return Err(Error::Stopped),
                () = stop.leave().cancelled() => return Err(Error::Stopped),
            }
        }
    };
    blocking(|| engine.journal.hold(instance, &owner(by)))?;
    Ok(Held { engine, instance: instance.clone(), file })
}

/// How long the agent is waited for that holds the application by itself without a deployment: it tells recorders or removes
/// what nothing needs, and nobody asked it to. None where somebody else holds it, or a deployment goes on.
fn brief(engine: &Engine, instance: &Instance) -> Result<Option<Duration>, Error> {
    let holder = engine.journal.holder(instance)?;
    let is_own = holder.is_some_and(|holder| holder.actor == Principal::agent().name());
    Ok((is_own && engine.journal.open_deployments(Some(instance))?.is_empty()).then_some(BRIEF))
}

/// The file whose lock is an instance's: what an instance is made of is safe in a file's name.
fn file(engine: &Engine, instance: &Instance) -> PathBuf {
    engine.locks.join(format!("{instance}.lock"))
}

/// Waits for the lock in a thread of its own: the kernel wakes the thread when the lock is free, so the agent does not
/// poll. When the caller no longer waits for the result, the file is closed, and with it the lock released, as soon as
/// the thread gets the lock.
async fn locked(file: File) -> std::io::Result<File> {
    let (tell, told) = oneshot::channel();
    std::thread::Builder::new().name("lock".to_owned()).spawn(move || {
        let locked = file.lock().map(|()| file);
        let _ = tell.send(locked);
    })?;
    told.await.unwrap_or_else(|_| Err(std::io::Error::other("the thread that waits for it ended")))
}

/// Whether a process holds the application's lock now: [`flock::is_held`].
#[must_use]
pub fn is_held(engine: &Engine, instance: &Instance) -> bool {
    flock::is_held(&file(engine, instance))
}

/// Who holds it, for people. The lock is the truth; the journal may be a moment behind.
fn holder(engine: &Engine, instance: &Instance) -> Result<String, Error> {
    let holder = engine.journal.holder(instance)?;
    Ok(holder.map_or_else(|| "another process".to_owned(), |holder| holder.to_string()))
}
