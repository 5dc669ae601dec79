//! What the engine says of itself and of its host: kept for a moment, so that it can be asked before who needs it asks.
//!
//! For either answer an engine starts programs, which takes longer than most of its other answers. Asked while the
//! agent reads files and loads plugins, they cost no time of their own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bollard::models::{SystemInfo, SystemVersion};
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, ready};
use tokio::time::Instant;

use super::engine::{Engine, ORDINARY};
use super::failure::RequestError;

/// How old the answers may be. The engine's clock is among them, and checks care for seconds of it.
const FRESH: Duration = Duration::from_secs(1);

/// `GET /version` and `GET /info`, asked side by side.
#[derive(Debug)]
pub(super) struct EngineFacts {
    pub(super) version: SystemVersion,
    pub(super) info: SystemInfo,
}

/// Answers that were asked for ahead; none of an engine that did not give them.
type Coming = Shared<BoxFuture<'static, Option<Arc<EngineFacts>>>>;

/// The newest answers, and when they were asked for.
#[derive(Default)]
pub(super) struct Ahead(Mutex<Option<(Instant, Coming)>>);

impl Ahead {
    fn fresh(&self, now: Instant) -> Option<Coming> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|(asked, _)| now.duration_since(*asked) < FRESH).map(|(_, coming)| coming.clone())
    }

    fn keep(&self, now: Instant, coming: Coming) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, coming));
    }
}

impl Engine {
    /// Requests the engine's version and host information ahead of time. This call does not wait for the answers. A
    /// caller that needs them within a second gets these, and asks again where there are none.
    pub fn foresee(self: &Arc<Self>) {
        let now = Instant::now();
        if self.ahead.fresh(now).is_some() {
            return;
        }
        let engine = Arc::clone(self);
        let asked = async move {
            match engine.ask_both().await {
                Ok(told) => Some(Arc::new(told)),
                Err(error) => {
                    tracing::debug!(%error, "the engine's version and host are not known yet");
                    None
                }
            }
        };
        let coming = asked.boxed().shared();
        self.ahead.keep(now, coming.clone());
        tokio::spawn(coming);
    }

    /// What was asked, if it is fresh.
    pub(super) async fn foreseen(&self) -> Option<Arc<EngineFacts>> {
        self.ahead.fresh(Instant::now())?.await
    }

    /// What the engine says of itself and of its host, no older than a second.
    pub(super) async fn told(&self) -> Result<Arc<EngineFacts>, RequestError> {
        if let Some(told) = self.foreseen().await {
            return Ok(told);
        }
        let now = Instant::now();
        let told = Arc::new(self.ask_both().await?);
        self.ahead.keep(now, ready(Some(told.clone())).boxed().shared());
        Ok(told)
    }

    async fn ask_both(&self) -> Result<EngineFacts, RequestError> {
        let (version, info) = tokio::try_join!(
            self.call(ORDINARY, |client| async move { client.version().await }),
            self.call(ORDINARY, |client| async move { client.info().await }),
        )?;
        Ok(EngineFacts { version, info })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_is_good_for_a_second() {
        let ahead = Ahead::default();
        let now = Instant::now();
        assert!(ahead.fresh(now).is_none());
        ahead.keep(now, async { None }.boxed().shared());
        assert!(ahead.fresh(now + FRESH.saturating_sub(Duration::from_millis(1))).is_some());
        assert!(ahead.fresh(now + FRESH).is_none());
    }
}
