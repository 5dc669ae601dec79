//! Cases that are not right yet. Empty when the work is done; a case that is right and still here is an error.

/// Names of cases.
pub(crate) const PENDING: &[&str] = &[];
