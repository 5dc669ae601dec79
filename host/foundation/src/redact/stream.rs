//! Values in what comes piece by piece: what may be the beginning of one is held back until it is known.

use std::sync::Arc;

use super::search::Matcher;

/// Removes values from a stream. What it holds back is bounded by the longest value.
pub struct Filter {
    matcher: Arc<Matcher>,
    held: Vec<u8>,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Filter").field("held", &self.held.len()).finish_non_exhaustive()
    }
}

impl Filter {
    pub(super) fn new(matcher: Arc<Matcher>) -> Self {
        Self { matcher, held: Vec::new() }
    }

    /// Takes the next piece and appends what is known to hold no value.
    pub fn push(&mut self, piece: &[u8], clean: &mut Vec<u8>) {
        self.held.extend_from_slice(piece);
        let done = self.matcher.write(&self.held, false, clean);
        self.held.drain(..done);
    }

    /// Appends the rest: nothing follows.
    pub fn finish(&mut self, clean: &mut Vec<u8>) {
        self.matcher.write(&self.held, true, clean);
        self.held.clear();
    }

    /// Whether anything is held back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}
