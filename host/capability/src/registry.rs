//! What a reference means at its registry now, asked with the operator's credentials.
//!
//! The client is the release's own; this is the grant in front of it.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;
use windlass_domain::Failure;

use super::failure::failure;
use super::grants::{Grants, Permission};

/// A client of image registries, for plugins.
pub trait Resolve: Send + Sync {
    /// The registry of a reference, as grants name it: `docker.io`, `registry.example:5000`.
    /// A failure has the code `invalid-argument`.
    fn registry(&self, reference: &str) -> Result<String, Failure>;

    /// The contract's answer: `{"reference", "repository", "digest", "media-type", "platforms"}`.
    fn resolve<'a>(&'a self, reference: &'a str) -> BoxFuture<'a, Result<Value, Failure>>;
}

/// There is no registry to ask.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRegistries;

impl Resolve for NoRegistries {
    fn registry(&self, _: &str) -> Result<String, Failure> {
        Err(failure("unavailable", "there is no registry to ask here"))
    }

    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Value, Failure>> {
        Box::pin(std::future::ready(Err(failure("unavailable", "there is no registry to ask here"))))
    }
}

/// Registries as one plugin call sees them.
#[derive(Clone)]
pub struct Registry {
    grants: Arc<Grants>,
    client: Arc<dyn Resolve>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Registry").finish_non_exhaustive()
    }
}

impl Registry {
    /// Registries for one plugin call.
    #[must_use]
    pub fn new(grants: Arc<Grants>, client: Arc<dyn Resolve>) -> Self {
        Self { grants, client }
    }

    /// Implements `registry.resolve`, where the registry of the reference is granted.
    pub async fn resolve(&self, reference: &str) -> Result<Value, Failure> {
        let host = self.client.registry(reference)?;
        self.grants.check(&Permission::Registry(host.to_ascii_lowercase()))?;
        self.client.resolve(reference).await
    }
}
