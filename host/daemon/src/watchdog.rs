//! The agent tells systemd that it is well (`WatchdogSec=` of its unit), so that systemd ends and starts again one that hangs.
//!
//! It is well when its runtime runs a task and its operations can be asked. What an operation waits for is not looked at: a step may
//! take as long as its own deadline says.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::operations::Operations;
use super::systemd;

/// Begins to tell, where systemd wants to hear it; without that nothing wakes up.
pub(super) fn begin(operations: &Arc<Operations>) {
    if let Some(within) = systemd::watchdog() {
        let operations = operations.clone();
        tokio::spawn(watch(within / 2, systemd::well, move || {
            operations.running();
        }));
    }
}

/// Tells at each turn that all is well, once `ask` has returned. One that does not return is waited for and not asked again, so that
/// at most one thread hangs; nothing is told meanwhile.
async fn watch(every: Duration, tell: impl Fn(), ask: impl Fn() + Clone + Send + 'static) {
    let mut turns = tokio::time::interval(every);
    // After a time without the processor, one word is as good as many.
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        // The lock of operations is one that blocks a thread, so a thread of its own takes it.
        if tokio::task::spawn_blocking(ask.clone()).await.is_ok() {
            tell();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn it_tells_while_its_operations_answer_and_not_while_they_hang() {
        let told = Arc::new(AtomicUsize::new(0));
        let lock = Arc::new(Mutex::new(()));
        let (counted, asked) = (told.clone(), lock.clone());
        let count = move || {
            counted.fetch_add(1, Ordering::SeqCst);
        };
        tokio::spawn(watch(Duration::from_millis(5), count, move || drop(asked.lock().unwrap())));
        let reaches = async |wanted: usize| {
            while told.load(Ordering::SeqCst) < wanted {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        reaches(3).await;
        let hangs = tokio::task::spawn_blocking({
            let (lock, told) = (lock.clone(), told.clone());
            move || {
                let _held = lock.lock().unwrap();
                // One may have been on its way.
                std::thread::sleep(Duration::from_millis(50));
                let before = told.load(Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(100));
                (before, told.load(Ordering::SeqCst))
            }
        });
        let (before, after) = hangs.await.unwrap();
        assert_eq!(before, after, "nothing is told while the lock is held");
        reaches(after + 3).await;
    }
}
