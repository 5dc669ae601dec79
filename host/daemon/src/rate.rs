//! How often something may happen: a bucket of tokens that fills with time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many may come at once, and how long each takes to come back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    /// So many at once.
    pub(super) burst: u32,
    /// After so long, one more.
    pub(super) every: Duration,
}

/// A bucket. It holds when the last token will be back, so an idle one costs nothing.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    full: Instant,
}

/// Buckets of one rate, by name.
#[derive(Debug)]
pub(super) struct Buckets {
    rate: Rate,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Buckets {
    /// Full ones.
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    /// Takes a token from a bucket. The names are the caller's to bound.
    ///
    /// # Errors
    /// When there is none: how long until there is.
    pub(super) fn take(&self, name: &str) -> Result<(), Duration> {
        self.take_at(name, Instant::now())
    }

    fn take_at(&self, name: &str, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(name.to_owned()).or_insert(Bucket { full: now });
        let full = bucket.full.max(now) + self.rate.every;
        let most = self.rate.every * self.rate.burst;
        let over = full.duration_since(now).saturating_sub(most);
        if over.is_zero() {
            bucket.full = full;
            Ok(())
        } else {
            Err(over)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_one_after_each_pause() {
        let second = Duration::from_secs(1);
        let buckets = Buckets::new(Rate { burst: 3, every: 2 * second });
        let begin = Instant::now();
        for _ in 0..3 {
            assert_eq!(buckets.take_at("a", begin), Ok(()));
        }
        assert_eq!(buckets.take_at("a", begin), Err(2 * second));
        assert_eq!(buckets.take_at("b", begin), Ok(()), "another name");
        assert_eq!(buckets.take_at("a", begin + second), Err(second));
        assert_eq!(buckets.take_at("a", begin + 2 * second), Ok(()));
        assert_eq!(buckets.take_at("a", begin + 2 * second), Err(2 * second));
        let later = begin + 1000 * second;
        for _ in 0..3 {
            assert_eq!(buckets.take_at("a", later), Ok(()), "no more than a burst is saved");
        }
        assert!(buckets.take_at("a", later).is_err());
    }
}
