//! Time and identity, passed in so that tests are deterministic.
//!
//! Wall time is for people and for records. Nothing is ordered or timed out by it: order is the journal's sequence,
//! deadlines are tokio's monotonic clock.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

/// The time that people read.
pub trait Clock: Send + Sync {
    /// The time now, in UTC.
    fn now(&self) -> Timestamp;
}

/// Makes ids that no other deployment has.
pub trait Ids: Send + Sync {
    /// A new id: 12 lower-case letters and digits, easy to read aloud.
    fn next(&self) -> String;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Ids from the operating system's random source.
#[derive(Debug, Default, Clone, Copy)]
pub struct RandomIds;

/// Letters and digits without those that are easily confused (`i`, `l`, `o`, `u`).
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl Ids for RandomIds {
    fn next(&self) -> String {
        let mut bytes = [0_u8; 12];
        // The kernel's source fails only when it is missing; a zero id would then still be refused as a duplicate.
        if getrandom::fill(&mut bytes).is_err() {
            bytes = [0; 12];
        }
        bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
    }
}

/// A clock for tests: starts at a given time and advances by one second with each reading.
#[derive(Debug)]
pub struct SteppingClock {
    start: Timestamp,
    readings: AtomicU64,
}

impl SteppingClock {
    /// A clock whose first reading is `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self { start, readings: AtomicU64::new(0) }
    }
}

impl Clock for SteppingClock {
    fn now(&self) -> Timestamp {
        let seconds = self.readings.fetch_add(1, Ordering::Relaxed);
        let offset = jiff::SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        self.start.checked_add(offset).unwrap_or(self.start)
    }
}

/// Ids for tests: a prefix and a number.
#[derive(Debug)]
pub struct CountingIds {
    prefix: String,
    count: AtomicU64,
}

impl CountingIds {
    /// Ids `PREFIX000000001`, `PREFIX000000002` and so on, cut to twelve characters from the right.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), count: AtomicU64::new(0) }
    }
}

impl Ids for CountingIds {
    fn next(&self) -> String {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let width = 12_usize.saturating_sub(self.prefix.len());
        format!("{}{number:0width$}", self.prefix)
    }
}
