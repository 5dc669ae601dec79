//! That something changed, for those who look at pages: of which deployment, and no more. What it is, they ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::broadcast;

use super::operation::Operation;

/// How many changes a listener may be behind. One who is further behind is told that something changed.
const BEHIND: usize = 64;

/// How often one operation says that something changed, at most. A deployment tells much more in bursts.
const PAUSE: Duration = Duration::from_millis(250);

/// Something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Of which deployment; none where it is about none.
    pub(super) deployment: Option<String>,
}

/// All changes.
#[derive(Debug, Clone)]
pub(super) struct Changes {
    sender: broadcast::Sender<Change>,
    number: Arc<AtomicU64>,
}

impl Changes {
    pub(super) fn new() -> Self {
        Self { sender: broadcast::Sender::new(BEHIND), number: Arc::default() }
    }

    /// How many there were so far.
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    fn tell(&self, change: Change) {
        self.number.fetch_add(1, Ordering::Relaxed);
        // There may be no listener.
        let _ = self.sender.send(change);
    }

    /// Those from now on.
    pub(super) fn listen(&self) -> broadcast::Receiver<Change> {
        self.sender.subscribe()
    }

    /// Tells of each change of an operation until it has ended.
    pub(super) fn follow(&self, operation: &Arc<Operation>) {
        let deployment = operation.heading.deploys.then(|| operation.heading.operation.clone());
        let (changes, operation) = (self.clone(), Arc::downgrade(operation));
        tokio::spawn(async move {
            let mut number = 0;
            // An operation that is not kept any more has nothing to tell.
            while let Some(of) = operation.upgrade() {
                let (lines, ended) = of.after(number).await;
                drop(of);
                number += u64::try_from(lines.len()).unwrap_or(u64::MAX);
                changes.tell(Change { deployment: deployment.clone() });
                if ended {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast::error::RecvError;

    use super::*;

    #[tokio::test]
    async fn who_is_far_behind_is_told_and_none_is_waited_for() {
        let changes = Changes::new();
        let mut listener = changes.listen();
        for number in 0..=BEHIND {
            changes.tell(Change { deployment: Some(number.to_string()) });
        }
        assert_eq!(listener.recv().await, Err(RecvError::Lagged(1)));
        assert_eq!(listener.recv().await, Ok(Change { deployment: Some("1".to_owned()) }));
    }
}
