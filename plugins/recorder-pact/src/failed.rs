//! One error for several that came together.

use windlass_sdk::prelude::*;

/// Codes that wait for the operator of the host.
const WAITING: [&str; 3] = ["capability-denied", "unauthorized", "forbidden"];

/// All messages in one; none when there is none. What may pass decides for all: the next attempt finds what was done.
pub(crate) fn together(failed: &[Error]) -> Option<Error> {
    let waits = |error: &&Error| error.is_retryable() || WAITING.contains(&error.code());
    let decides = failed.iter().find(waits).or(failed.first())?;
    let mut whole = decides.clone().into_failure();
    whole.message = failed.iter().map(Error::message).collect::<Vec<_>>().join("; ");
    whole.retryable = failed.iter().any(Error::is_retryable);
    Some(Error::from_failure(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_is_named_and_the_whole_is_tried_again_when_one_may_pass() {
        let lost = || Error::new("not-found", "the broker knows no version 1");
        let away = || Error::new("unavailable", "the broker is away").retryable().detail("retry-after", json!(7));
        let error = together(&[lost(), away()]).unwrap();
        assert_eq!((error.is_retryable(), error.code()), (true, "unavailable"));
        assert_eq!(error.message(), "the broker knows no version 1; the broker is away");
        assert_eq!(error.details().unwrap()["retry-after"], 7);
        let error = together(&[lost(), Error::new("unauthorized", "it may not write")]).unwrap();
        assert_eq!((error.is_retryable(), error.code()), (false, "unauthorized"));
        assert_eq!(together(&[lost()]).unwrap().code(), "not-found");
        assert!(together(&[]).is_none());
    }
}
