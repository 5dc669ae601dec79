//! For tests of what writes a journal: one that breaks where they say.
//!
//! It is compiled always, because another crate's tests cannot reach what is compiled for this one's alone. Nothing of the
//! agent calls it, and unlike the hook it hears no variable.

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
