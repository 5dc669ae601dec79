//! What a plugin says: bounded, redacted, and without anything that could steer a terminal.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use windlass_config::Limits;
use windlass_foundation::progress::{Level, Progress, Watch};
use windlass_foundation::redact::Redactor;

/// How many lines are kept for the message of a failure.
const TAIL: usize = 40;

/// How much a plugin may say in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// Bytes of one line; what is longer is cut.
    pub line: u64,
    /// Lines; what is more is dropped and counted.
    pub lines: u64,
    /// Bytes of all lines; what is more is dropped and counted.
    pub total: u64,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { line: 8 << 10, lines: 10_000, total: 1 << 20 }
    }
}

impl From<&Limits> for LogLimits {
    fn from(limits: &Limits) -> Self {
        Self { line: limits.log_line, lines: limits.log_lines, total: limits.log_total }
    }
}

/// What a plugin says in one call. Clones share the budget and the tail.
#[derive(Clone)]
pub struct Log {
    source: Arc<str>,
    limits: LogLimits,
    watch: Arc<dyn Watch>,
    redactor: Redactor,
    said: Arc<Mutex<Said>>,
}

#[derive(Debug, Default)]
struct Said {
    lines: u64,
    bytes: u64,
    dropped: u64,
    tail: VecDeque<String>,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Log").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Log {
    /// A log whose lines come from `source`: a step, a check, a plugin.
    #[must_use]
    pub fn new(source: impl Into<Arc<str>>, limits: LogLimits, watch: Arc<dyn Watch>, redactor: Redactor) -> Self {
        Self { source: source.into(), limits, watch, redactor, said: Arc::default() }
    }

    /// `log.log`: each line of the text by itself. Never fails and never blocks.
    pub fn log(&self, level: Level, message: &str) {
        // Redacted as a whole first: a secret may span lines. Cut before that, generously, so that a flood is cheap.
        let shown = cut(message, self.limits.total.saturating_mul(2));
        let rest = message[shown.len()..].lines().count() as u64;
        self.said.lock().unwrap_or_else(PoisonError::into_inner).dropped += rest;
        let whole = shown.len() == message.len();
        let message = if whole { self.redactor.whole(shown) } else { self.redactor.beginning(shown) };
        for line in message.lines() {
            let line = plain(cut(line, self.limits.line));
            if let Some(line) = self.admit(line) {
                self.watch.notice(&Progress::Log { source: self.source.to_string(), level, message: line });
            }
        }
    }

    /// Implements `log.progress`: reports what the plugin is doing to the progress sink. `percent` is at most 100.
    pub fn progress(&self, message: &str, percent: Option<u8>) {
        let shown = cut(message, self.limits.line.saturating_mul(2));
        let whole = shown.len() == message.len();
        let message = if whole { self.redactor.whole(shown) } else { self.redactor.beginning(shown) };
        let message = plain(cut(&message, 512));
        let percent = percent.map(|percent| percent.min(100));
        if self.count(message.len()) {
            self.watch.notice(&Progress::Doing { source: self.source.to_string(), message, percent });
        }
    }

    /// A line of the host's own about this call, such as an audit line: shown, kept, and never dropped.
    pub fn note(&self, level: Level, message: &str) {
        let message = plain(&self.redactor.text(message));
        self.keep(message.clone());
        self.watch.notice(&Progress::Log { source: self.source.to_string(), level, message });
    }

    /// The last lines that were said, oldest first.
    #[must_use]
    pub fn tail(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).tail.iter().cloned().collect()
    }

    /// How many lines were dropped because the plugin said too much.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).dropped
    }

    fn admit(&self, line: String) -> Option<String> {
        if !self.count(line.len()) {
            return None;
        }
        self.keep(line.clone());
        Some(line)
    }

    /// Takes from the budget; false when it is used up.
    fn count(&self, bytes: usize) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = said.bytes.saturating_add(bytes as u64);
        if said.lines >= self.limits.lines || bytes > self.limits.total {
            said.dropped += 1;
            return false;
        }
        said.lines += 1;
        said.bytes = bytes;
        true
    }

    fn keep(&self, line: String) {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.tail.len() == TAIL {
            said.tail.pop_front();
        }
        said.tail.push_back(line);
    }
}

/// At most so many bytes, at a character's boundary.
fn cut(text: &str, limit: u64) -> &str {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if text.len() <= limit { text } else { &text[..text.floor_char_boundary(limit)] }
}

/// Without control characters, except that a tab becomes a space.
fn plain(text: &str) -> String {
    text.chars()
        .map(|character| if character == '\t' { ' ' } else { character })
        // Marks that reorder text can make a line look like another.
        .filter(|character| {
            !character.is_control() && !matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Seen(Mutex<Vec<String>>);

    impl Watch for Seen {
        fn notice(&self, progress: &Progress) {
            if let Progress::Log { message, .. } | Progress::Doing { message, .. } = progress {
                self.0.lock().unwrap().push(message.clone());
            }
        }
    }

    fn log(limits: LogLimits) -> (Log, Arc<Seen>, Redactor) {
        let seen = Arc::new(Seen::default());
        let redactor = Redactor::new();
        (Log::new("test", limits, seen.clone(), redactor.clone()), seen, redactor)
    }

    #[test]
    fn a_secret_that_is_echoed_comes_out_redacted() {
        let (log, seen, redactor) = log(LogLimits::default());
        redactor.learn("hunter22", "[redacted:db]");
        log.log(Level::Info, "the password is hunter22\nand \u{1b}[2J\u{202e}again aHVudGVyMjI=");
        log.progress("with hunter22", Some(200));
        assert_eq!(
            *seen.0.lock().unwrap(),
            ["the password is [redacted:db]", "and [2Jagain [redacted:db]", "with [redacted:db]"]
        );
    }

    #[test]
    fn a_secret_at_a_cut_is_not_shown_in_part() {
        let (log, seen, redactor) = log(LogLimits { line: 16, lines: 100, total: 16 });
        redactor.learn("hunter22-hunter22", "[redacted:db]");
        log.log(Level::Info, &format!("{}hunter22-hunter22", "\n".repeat(20)));
        log.progress(&format!("{}hunter22-hunter22", " ".repeat(20)), None);
        assert!(!seen.0.lock().unwrap().concat().contains("hunt"), "{:?}", seen.0.lock().unwrap());
    }

    #[test]
    fn a_flood_is_dropped_and_counted() {
        let (log, seen, _) = log(LogLimits { line: 8, lines: 100, total: 64 });
        log.log(Level::Info, &"ääääääääää\n".repeat(1_000_000));
        log.log(Level::Info, "more");
        assert!(seen.0.lock().unwrap().iter().all(|line| line.len() <= 8));
        assert!(seen.0.lock().unwrap().len() <= 8);
        assert!(log.dropped() > 900_000);
        log.note(Level::Info, "the host is still heard");
        assert_eq!(log.tail().last().unwrap(), "the host is still heard");
    }
}
