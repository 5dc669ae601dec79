//! Failures as plugins get them: codes of `wit/types.wit`, one sentence for the operator.

use serde_json::json;
use windlass_documents::Failure;

/// A failure that a later call would have as well.
pub(super) fn failure(code: &str, message: impl Into<String>) -> Failure {
    Failure { code: code.to_owned(), message: message.into(), retryable: false, details: None }
}

/// A failure that a later call may not have.
pub(super) fn passing(code: &str, message: impl Into<String>) -> Failure {
    Failure { retryable: true, ..failure(code, message) }
}

/// The same with what to do next.
pub(super) fn hinted(failure: Failure, hint: impl Into<String>) -> Failure {
    let hint: String = hint.into();
    let mut details = match failure.details {
        Some(serde_json::Value::Object(details)) => details,
        _ => serde_json::Map::new(),
    };
    details.insert("hint".to_owned(), json!(hint));
    Failure { details: Some(details.into()), ..failure }
}

/// A background thread that should have answered did not.
pub(super) fn lost(what: &str) -> Failure {
    failure("internal", format!("{what} ended without an answer"))
}
