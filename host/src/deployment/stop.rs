//! How somebody asks a deployment to stop.
//!
//! The first Ctrl-C or SIGTERM unwinds what was touched. The second leaves everything as it is and the journal open.
//! A lost terminal (SIGHUP) changes nothing.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A wish to stop. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    unwind: CancellationToken,
    leave: CancellationToken,
}

impl Stop {
    /// Nobody wishes to stop.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to stop: the first time to unwind, the second time to leave everything as it is.
    pub fn ask(&self) {
        if self.unwind.is_cancelled() {
            self.leave.cancel();
        }
        self.unwind.cancel();
    }

    /// Whether anybody asked.
    #[must_use]
    pub fn asked(&self) -> bool {
        self.unwind.is_cancelled()
    }

    /// Set when somebody asks the first time.
    #[must_use]
    pub fn unwind(&self) -> &CancellationToken {
        &self.unwind
    }

    /// Set when somebody asks the second time.
    #[must_use]
    pub fn leave(&self) -> &CancellationToken {
        &self.leave
    }

    /// From now on this process's SIGINT and SIGTERM ask to stop, and SIGHUP does nothing.
    pub fn listen(&self) -> std::io::Result<()> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let stop = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    Some(()) = interrupt.recv() => stop.ask(),
                    Some(()) = terminate.recv() => stop.ask(),
                    Some(()) = hang_up.recv() => {}
                    else => break,
                }
            }
        });
        Ok(())
    }
}
