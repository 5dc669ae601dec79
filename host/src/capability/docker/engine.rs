//! One connection to the Docker Engine per process.
//!
//! Connects at the first call. An engine that never answered is an error at once; one that did is waited for through
//! a restart.

use windlass_documents::Failure;

use super::failure::failure;

/// The host's Docker Engine.
#[derive(Debug)]
pub struct Engine {
    endpoint: String,
}

impl Engine {
    /// An engine at `unix:///path/to/docker.sock`. Nothing is connected yet.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned() }
    }

    /// Where the engine listens.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Whether the engine answers; the failure says why not and what to do.
    pub async fn ping(&self) -> Result<(), Failure> {
        Err(failure("unsupported", "not there yet"))
    }

    /// The id (`sha256:…`) of a local image, or none when it is not on the host. Not narrowed to an application.
    pub async fn image_id(&self, reference: &str) -> Result<Option<String>, Failure> {
        let _ = reference;
        Err(failure("unsupported", "not there yet"))
    }
}
