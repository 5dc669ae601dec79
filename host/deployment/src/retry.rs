//! How long to leave something alone that failed, before it is asked again.

use std::time::Duration;

use super::backend::BackendError;

/// The pause before the next attempt: twice as long after each failure in a row, at most `longest`, but never shorter
/// than the failure asks for. `failures` counts this one.
pub(super) fn pause(first: Duration, longest: Duration, failures: u32, failure: &BackendError) -> Duration {
    doubled(first, failures).min(longest).max(retry_after(failure).unwrap_or_default())
}

/// Twice as long after each failure in a row.
pub(super) fn doubled(first: Duration, failures: u32) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)))
}

/// How long a server said that it wants to be left alone: `retry-after` in the details, in seconds.
pub(super) fn retry_after(failure: &BackendError) -> Option<Duration> {
    failure.fact("retry-after")?.as_u64().map(Duration::from_secs)
}
