//! Failures as plugins get them: codes of `wit/0.2/common.wit`, one sentence for the operator.

use windlass_domain::Failure;

/// A failure that a later call would have as well.
pub(super) fn failure(code: &str, message: impl Into<String>) -> Failure {
    Failure { code: code.to_owned(), message: message.into(), retryable: false, details: None }
}

/// A failure that a later call may not have.
pub(super) fn passing(code: &str, message: impl Into<String>) -> Failure {
    Failure { retryable: true, ..failure(code, message) }
}

/// A background thread that should have answered did not.
pub(super) fn lost(what: &str) -> Failure {
    failure("internal", format!("{what} ended without an answer"))
}
