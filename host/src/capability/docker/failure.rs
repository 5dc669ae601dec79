//! Failures as plugins get them: codes of `wit/types.wit`, messages for the operator.

use serde_json::json;
use windlass_documents::Failure;

/// A failure with a code and a message, not retryable, without details.
pub(crate) fn failure(code: &str, message: impl Into<String>) -> Failure {
    Failure { code: code.to_owned(), message: message.into(), retryable: false, details: None }
}

/// The same with a hint for the operator.
pub(crate) fn hinted(code: &str, message: impl Into<String>, hint: &str) -> Failure {
    Failure { details: Some(json!({ "hint": hint })), ..failure(code, message) }
}
