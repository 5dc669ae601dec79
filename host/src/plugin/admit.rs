//! Admission: everything that must be true of a plugin before any of its code works for a deployment.

use serde_json::Value;

use crate::report::{ExitCode, Explain};

/// What a plugin's `describe` says.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The JSON Schema of its `with` table.
    pub config: Value,
    /// What it does, in a line or two.
    pub summary: String,
    /// An example of its part of a release file, TOML.
    pub example: String,
}

/// Why a plugin is not admitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdmissionError {
    /// Not built yet.
    #[error("the sandbox is not built yet")]
    Unsupported,
}

impl Explain for AdmissionError {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }
}
