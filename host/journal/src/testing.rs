//! A journal for tests of code that writes journals: it breaks at the place that the test names.
//!
//! It is always compiled, because tests of another crate cannot reach what is compiled only for this crate's tests. The
//! agent never calls it, and unlike the hook it reads no variable.

use crate::Journal;
use crate::hooks::Crash;

/// The same journal, which cannot be written any more from a line on, as if the process had ended there.
///
/// `at` is `before:N` or `after:N`, N from 1: the Nth line that is written through this value. Anything else breaks nothing.
#[must_use]
pub fn breaking(mut journal: Journal, at: &str) -> Journal {
    journal.crash = Crash::breaking(at);
    journal
}

/// Whether the line was reached, so that writing fails by now.
#[must_use]
pub fn is_broken(journal: &Journal) -> bool {
    journal.crash.is_broken()
}
