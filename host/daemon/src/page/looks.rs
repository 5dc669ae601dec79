//! What runs, as a page shows it: it is looked at once for all who ask at the same time, and what does not answer is waited
//! for briefly.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use windlass_api::facts::StatusFact;

/// How long an answer counts as that of now, unless something changed.
const FRESH: Duration = Duration::from_secs(1);

/// What was seen.
#[derive(Debug, Clone)]
pub(super) struct Looked {
    pub(super) applications: Arc<[StatusFact]>,
    /// When, where that is not now.
    pub(super) earlier: Option<Timestamp>,
}

/// What was seen last.
#[derive(Debug, Clone)]
struct Last {
    applications: Arc<[StatusFact]>,
    /// When the look began.
    began: Instant,
    /// How many changes there were then.
    changes: u64,
    time: Timestamp,
}

/// All looks of the page.
#[derive(Debug)]
pub(super) struct Looks {
    /// How long a look is waited for before what was seen last is shown.
    patience: Duration,
    /// Held by who looks.
    turn: tokio::sync::Mutex<()>,
    last: Mutex<Option<Last>>,
}

impl Looks {
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, turn: tokio::sync::Mutex::default(), last: Mutex::default() }
    }

    /// What runs, after so many changes. None where nothing was ever seen and what runs does not answer.
    pub(super) async fn take<E>(
        &self,
        changes: u64,
        look: impl Future<Output = Result<Vec<StatusFact>, E>>,
    ) -> Result<Option<Looked>, E> {
        let asked = Instant::now();
        let work = async {
            let _turn = self.turn.lock().await;
            // Who waited while another looked has what they saw.
            let counts = |last: &Last| {
                let is_fresh = asked.saturating_duration_since(last.began) < FRESH;
                last.began >= asked || (is_fresh && last.changes == changes)
            };
            if let Some(last) = self.last().filter(counts) {
                return Ok(Looked { applications: last.applications, earlier: None });
            }
            let (began, time) = (Instant::now(), Timestamp::now());
            let applications: Arc<[StatusFact]> = look.await?.into();
            let last = Last { applications: applications.clone(), began, changes, time };
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
            Ok(Looked { applications, earlier: None })
        };
        match tokio::time::timeout(self.patience, work).await {
            Ok(looked) => looked.map(Some),
            Err(_) => Ok(self.last().map(|last| Looked { applications: last.applications, earlier: Some(last.time) })),
        }
    }

    fn last(&self) -> Option<Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_who_ask_at_once_are_one_look() {
        let (looks, count) = (Looks::new(Duration::from_secs(30)), AtomicUsize::new(0));
        let look = || async {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok::<_, Infallible>(Vec::new())
        };
        let all = futures::future::join_all((0..20).map(|_| looks.take(1, look()))).await;
        assert!(all.into_iter().all(|looked| looked.unwrap().unwrap().earlier.is_none()));
        assert_eq!(count.load(Ordering::Relaxed), 1);
        looks.take(2, look()).await.unwrap();
        assert_eq!(count.load(Ordering::Relaxed), 2, "something changed since");
    }

    #[tokio::test]
    async fn what_does_not_answer_is_shown_as_it_was_seen_last() {
        let looks = Looks::new(Duration::from_millis(50));
        let never = || std::future::pending::<Result<Vec<StatusFact>, Infallible>>();
        assert!(looks.take(1, never()).await.unwrap().is_none());
        looks.take(1, async { Ok::<_, Infallible>(Vec::new()) }).await.unwrap();
        std::thread::sleep(FRESH);
        assert!(looks.take(1, never()).await.unwrap().unwrap().earlier.is_some());
    }
}
