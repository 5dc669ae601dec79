//! How a user or another part of the agent asks a deployment to stop.
//!
//! The first Ctrl-C or SIGTERM unwinds what was touched. The second leaves everything as it is and the journal open,
//! and ends the process even when it doesn't listen any more.
//! A lost terminal (SIGHUP) changes nothing. An agent that ends lets its deployments end the steps that are in flight, and
//! leaves them open: [`Stop::pause`]. A deployment that another process carries out is asked there: [`Stop::relay`].

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use tokio_util::sync::CancellationToken;

/// A request to stop. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    unwind: CancellationToken,
    leave: CancellationToken,
    pause: CancellationToken,
    /// Read by every step that is in flight.
    steps: Arc<RwLock<()>>,
}

/// What a deployment is asked, on its way to the process that carries it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopRequest {
    /// Unwind what was touched.
    Unwind,
    /// Let the steps end that are in flight, and then leave everything as it is.
    Pause,
    /// Leave everything as it is, now.
    Leave,
}

/// A step is in flight until this goes.
#[derive(Debug)]
pub(super) struct InFlight {
    _step: OwnedRwLockReadGuard<()>,
}

impl Stop {
    /// Creates a state without a request to stop.
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

    /// Lets the steps end that are in flight, starts no other one, and then leaves everything as it is. It may take as long
    /// as a step may: who cannot wait so long drops the future and calls [`Stop::leave_now`].
    pub async fn pause(&self) {
        self.pause.cancel();
        // The lock is fair: a step that asks for it later waits, and then for ever, because the deployment is left.
        let _none = self.steps.write().await;
        self.leave.cancel();
    }

    /// Leaves everything as it is, as the second request to stop does.
    pub fn leave_now(&self) {
        self.leave.cancel();
    }

    /// Tells each request once, as it is made, to whoever passes it on to the process that carries the deployment out. A
    /// [pause](Stop::pause) waits until this is dropped, because the steps in flight are that process's.
    pub async fn relay(&self, tell: impl Fn(StopRequest)) {
        let _in_flight = self.steps.clone().read_owned().await;
        let tell = &tell;
        let once = async |token: &CancellationToken, request| {
            token.cancelled().await;
            tell(request);
        };
        tokio::join!(
            once(&self.unwind, StopRequest::Unwind),
            once(&self.pause, StopRequest::Pause),
            once(&self.leave, StopRequest::Leave),
        );
        std::future::pending::<()>().await;
    }

    /// Takes a request that was made in another process.
    pub async fn obey(&self, request: StopRequest) {
        match request {
            StopRequest::Unwind => self.unwind.cancel(),
            StopRequest::Pause => self.pause().await,
            StopRequest::Leave => self.leave_now(),
        }
    }

    /// Announces that a step begins. Waits for ever where the deployment is about to be left.
    pub(super) async fn step(&self) -> InFlight {
        InFlight { _step: self.steps.clone().read_owned().await }
    }

    /// Whether a stop was requested.
    #[must_use]
    pub fn asked(&self) -> bool {
        self.unwind.is_cancelled()
    }

    /// The token that the first request to stop cancels.
    #[must_use]
    pub fn unwind(&self) -> &CancellationToken {
        &self.unwind
    }

    /// The token that the second request to stop cancels.
    #[must_use]
    pub fn leave(&self) -> &CancellationToken {
        &self.leave
    }

    /// Turns this process's SIGINT and SIGTERM into requests to stop from now on, and ignores SIGHUP.
    ///
    /// A thread of its own waits for the signals, so it receives them however busy the other threads are. When the
    /// process still runs `grace` after the second signal, the thread calls `last`, which ends the process whatever it
    /// is doing. The journal is then as after a kill, and `windlass resume` can go on from there.
    pub fn listen(&self, grace: Duration, last: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
        let stop = self.clone();
        let (ready, is_ready) = std::sync::mpsc::channel();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(ready.send(Err(error))),
            };
            runtime.block_on(async {
                let signals = {
                    let wanted = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
                    wanted.into_iter().map(signal).collect::<std::io::Result<Vec<_>>>()
                };
                match signals {
                    Ok(signals) if ready.send(Ok(())).is_ok() => stop.hear(signals, grace).await,
                    Ok(_) => std::future::pending().await,
                    Err(error) => {
                        drop(ready.send(Err(error)));
                        std::future::pending::<()>().await;
                    }
                }
            });
            last();
        })?;
        is_ready.recv().map_err(std::io::Error::other)?
    }

    /// Handles the signals. Returns when a second request to stop was made and `grace` is over.
    async fn hear(&self, signals: Vec<Signal>, grace: Duration) {
        let Ok([mut interrupt, mut terminate, mut hang_up]) = <[Signal; 3]>::try_from(signals) else { return };
        while !self.leave.is_cancelled() {
            tokio::select! {
                Some(()) = interrupt.recv() => self.ask(),
                Some(()) = terminate.recv() => self.ask(),
                Some(()) = hang_up.recv() => {}
                // Asked in another way than by a signal.
                () = self.leave.cancelled() => {}
            }
        }
        tokio::time::sleep(grace).await;
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn what_is_asked_here_is_asked_in_the_process_that_carries_it_out() {
        let (here, there) = (Stop::new(), Stop::new());
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let tell = move |request| tell.send(request).unwrap();
        let relay = tokio::spawn({
            let (here, tell) = (here.clone(), tell.clone());
            async move { here.relay(tell).await }
        });
        here.ask();
        let unwind = told.recv().await.unwrap();
        assert_eq!(unwind, StopRequest::Unwind);
        there.obey(unwind).await;
        assert!(there.asked() && !there.leave().is_cancelled());

        let mut pause = Box::pin(here.pause());
        assert!(futures::poll!(&mut pause).is_pending());
        let pausing = told.recv().await.unwrap();
        assert_eq!(pausing, StopRequest::Pause);
        let step = there.step().await;
        let mut obeyed = Box::pin(there.obey(pausing));
        assert!(futures::poll!(&mut obeyed).is_pending(), "a step is in flight there");
        drop(step);
        obeyed.await;
        assert!(there.leave().is_cancelled());
        assert!(futures::poll!(&mut pause).is_pending(), "it has not ended there");
        relay.abort();
        pause.await;

        here.leave_now();
        let late = Stop::new();
        assert!(futures::poll!(Box::pin(here.relay(tell))).is_pending());
        while let Ok(request) = told.try_recv() {
            late.obey(request).await;
        }
        assert!(late.leave().is_cancelled(), "what was asked before counts too");
    }

    #[tokio::test]
    async fn a_pause_waits_for_the_steps_that_are_in_flight_and_starts_none() {
        let stop = Stop::new();
        let first = stop.step().await;
        let mut pause = Box::pin(stop.pause());
        assert!(futures::poll!(&mut pause).is_pending());
        assert!(!stop.leave().is_cancelled(), "a step is in flight");
        let mut later = Box::pin(stop.step());
        assert!(futures::poll!(&mut later).is_pending(), "a step began during a pause");
        drop(first);
        pause.await;
        assert!(stop.leave().is_cancelled() && !stop.asked(), "it is left, and nothing is undone");
    }

    #[test]
    fn the_second_signal_is_heard_while_everybody_computes() {
        let stop = Stop::new();
        let (ended, end) = std::sync::mpsc::channel();
        // The only thread of this runtime never comes back to it.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            stop.listen(Duration::ZERO, move || ended.send(()).unwrap()).unwrap();
            kill_process(getpid(), Signal::HUP).unwrap();
            kill_process(getpid(), Signal::TERM).unwrap();
            while !stop.asked() {
                std::thread::yield_now();
            }
            assert!(!stop.leave().is_cancelled());
            kill_process(getpid(), Signal::INT).unwrap();
            end.recv().unwrap();
        });
        assert!(stop.leave().is_cancelled());
    }
}
