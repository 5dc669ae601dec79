//! A subscription to the engine's events about one application's containers.

use serde_json::Value;
use windlass_documents::Failure;

use super::failure::failure;

/// Events that were not asked for yet, and the connection that brings them. Ends when dropped.
#[derive(Debug)]
pub struct Events {}

impl Events {
    /// The next event, or none when `wait_ms` passed without one.
    /// `{"Type": "windlass", "Action": "reconnected"}` means that events may have been missed: look again.
    pub async fn next(&mut self, wait_ms: u32) -> Result<Option<Value>, Failure> {
        let _ = wait_ms;
        Err(failure("unsupported", "events are not there yet"))
    }
}
