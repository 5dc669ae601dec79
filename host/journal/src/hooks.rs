//! A hook for tests: the process ends itself right before or right after the Nth line that it writes.
//!
//! `WINDLASS_TEST_CRASH=before:N` or `after:N`, N from 1. With `WINDLASS_TEST_CRASH_ONCE=PATH` only the first process does
//! that makes this file. It does nothing without the variable. The flow's own tests break the journal at the same places
//! instead ([`crate::testing`]), and go on in the same process.

use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use windlass_foundation::hooks::variable;

use super::error::Error;

/// The write before or after which a test ends the process.
#[derive(Debug, Default)]
pub(super) struct Crash {
    before: Option<u64>,
    after: Option<u64>,
    /// The file that the only process makes that ends.
    once: Option<PathBuf>,
    /// Whether writing fails from then on, instead of the process ending.
    breaks: bool,
    broken: AtomicBool,
    written: AtomicU64,
}

impl Crash {
    /// As the environment says.
    pub(super) fn from_environment() -> Self {
        let once = variable("WINDLASS_TEST_CRASH_ONCE").map(PathBuf::from);
        Self { once, ..Self::parse(&variable("WINDLASS_TEST_CRASH").unwrap_or_default()) }
    }

    /// Parses `before:N` or `after:N`, where N is the number of a write.
    pub(super) fn parse(wish: &str) -> Self {
        let number = |prefix: &str| wish.strip_prefix(prefix).and_then(|number| number.parse().ok());
        Self { before: number("before:"), after: number("after:"), ..Self::default() }
    }

    /// Writing fails there, instead of the process ending.
    pub(super) fn breaking(at: &str) -> Self {
        Self { breaks: true, ..Self::parse(at) }
    }

    /// Called before a line is written.
    pub(super) fn before(&self) -> Result<(), Error> {
        if self.before == Some(self.written.load(Ordering::SeqCst) + 1) {
            self.crash();
        }
        self.is_whole()
    }

    /// Called after a line was written.
    pub(super) fn after(&self) -> Result<(), Error> {
        let written = self.written.fetch_add(1, Ordering::SeqCst) + 1;
        if self.after == Some(written) {
            self.crash();
        }
        self.is_whole()
    }

    fn crash(&self) {
        if self.once.as_ref().is_some_and(|path| File::create_new(path).is_err()) {
            return;
        }
        if !self.breaks {
            std::process::abort();
        }
        self.broken.store(true, Ordering::SeqCst);
    }

    fn is_whole(&self) -> Result<(), Error> {
        if self.broken.load(Ordering::SeqCst) { Err(Error::Broken) } else { Ok(()) }
    }

    /// Whether writing fails by now.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }
}
