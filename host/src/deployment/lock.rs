//! One deployment of an application at a time.
//!
//! The lock is a `flock` that the kernel lets go when the process ends, however it ends. Who holds it is in the
//! journal, for messages only.

use std::fs::{File, TryLockError};
use std::time::Duration;

use tokio::sync::oneshot;

use super::engine::Engine;
use super::error::Error;
use super::stop::Stop;
use super::work::owner;
use crate::private;
use crate::progress::Progress;

/// The application is held until this goes.
pub(super) struct Held<'a> {
    engine: &'a Engine,
    application: String,
    file: File,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.engine.journal.release(&self.application) {
            tracing::debug!(%error, "the holder stays in the journal, where the next one replaces it");
        }
        // Closing it is not enough: a program that another thread is starting right now has a copy of the open file
        // until it runs.
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, "the lock goes when the file is closed");
        }
    }
}

/// Takes the lock, waiting at most as long as is wished.
pub(super) async fn hold<'a>(
    engine: &'a Engine,
    application: &str,
    actor: &str,
    wait: Option<Duration>,
    stop: &Stop,
) -> Result<Held<'a>, Error> {
    let failed = |source| Error::Lock { application: application.to_owned(), source };
    if !application.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) || application.starts_with('.') {
        return Err(failed(std::io::Error::other("its name has characters that no application's name has")));
    }
    // Nobody else opens the file: whoever can open it can hold it.
    private::directory(&engine.locks).map_err(failed)?;
    let path = engine.locks.join(format!("{application}.lock"));
    let file = private::open(&path).map_err(failed)?;
    let file = match file.try_lock() {
        Ok(()) => file,
        Err(TryLockError::Error(source)) => return Err(failed(source)),
        Err(TryLockError::WouldBlock) => {
            let holder = holder(engine, application)?;
            let busy = Error::Busy { application: application.to_owned(), holder: holder.clone() };
            let Some(wait) = wait else { return Err(busy) };
            engine.notice(&Progress::Waiting { holder });
            tokio::select! {
                locked = locked(file) => locked.map_err(failed)?,
                () = tokio::time::sleep(wait) => return Err(busy),
                () = stop.unwind().cancelled() => return Err(Error::Stopped),
            }
        }
    };
    engine.journal.hold(application, &owner(actor))?;
    Ok(Held { engine, application: application.to_owned(), file })
}

/// Waits for the lock in a thread of its own: the kernel wakes it, nobody asks again and again. When nobody waits for
/// the answer any more the file is closed, and with it the lock let go, as soon as the thread gets it.
async fn locked(file: File) -> std::io::Result<File> {
    let (tell, told) = oneshot::channel();
    std::thread::Builder::new().name("lock".to_owned()).spawn(move || {
        let locked = file.lock().map(|()| file);
        let _ = tell.send(locked);
    })?;
    told.await.unwrap_or_else(|_| Err(std::io::Error::other("the thread that waits for it ended")))
}

/// Who holds it, for people. The lock is the truth; the journal may be a moment behind.
fn holder(engine: &Engine, application: &str) -> Result<String, Error> {
    let holder = engine.journal.holder(application)?;
    Ok(holder.map_or_else(|| "another process".to_owned(), |holder| holder.to_string()))
}
