//! A hook for tests: the process ends itself right before or right after the Nth line that it writes.
//!
//! `WINDLASS_TEST_CRASH=before:N` or `after:N`, N from 1. It does nothing without the variable.

use std::sync::atomic::{AtomicU64, Ordering};

/// When to end.
#[derive(Debug, Default)]
pub(super) struct Crash {
    before: Option<u64>,
    after: Option<u64>,
    written: AtomicU64,
}

impl Crash {
    /// As the environment says.
    pub(super) fn from_environment() -> Self {
        let wish = std::env::var("WINDLASS_TEST_CRASH").unwrap_or_default();
        let number = |prefix: &str| wish.strip_prefix(prefix).and_then(|number| number.parse().ok());
        Self { before: number("before:"), after: number("after:"), written: AtomicU64::new(0) }
    }

    /// Called before a line is written.
    pub(super) fn before(&self) {
        if self.before == Some(self.written.load(Ordering::SeqCst) + 1) {
            std::process::abort();
        }
    }

    /// Called after a line was written.
    pub(super) fn after(&self) {
        let written = self.written.fetch_add(1, Ordering::SeqCst) + 1;
        if self.after == Some(written) {
            std::process::abort();
        }
    }
}
