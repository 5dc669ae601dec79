//! Work that waits for the disk, in the middle of work that must not wait.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Does it here. Whatever else this thread would have done is done by another one meanwhile, where the runtime has more than
/// one.
///
/// The tasks of one future (`join!`, `select!`) still wait for each other: this is for what takes milliseconds.
pub fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn it_is_done_with_every_runtime_and_without_one() {
        assert_eq!(blocking(|| 1), 1);
        let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(one.block_on(async { blocking(|| 2) }), 2);
        let many = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        assert_eq!(many.block_on(async { blocking(|| 3) }), 3);
    }

    #[test]
    fn other_tasks_go_on_meanwhile() {
        let (go_on, wait) = mpsc::channel();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let waits = runtime.spawn(async move { blocking(|| wait.recv().is_ok()) });
        // The only worker would never come to this one if the first held it.
        let other = runtime.spawn(async move { go_on.send(()).is_ok() });
        assert!(runtime.block_on(async { waits.await.unwrap() && other.await.unwrap() }));
    }
}
