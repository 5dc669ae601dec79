//! One call of a plugin.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use windlass_documents::{Failure, Plan, Release};

use crate::capability::Capabilities;

/// What a plugin is told and what it may reach, for one call.
#[derive(Debug, Clone)]
pub struct Call {
    /// The deployment's id.
    pub deployment: String,
    /// The application's name.
    pub application: String,
    /// The environment's name.
    pub environment: String,
    /// Why the plugin is called: `plan`, `check`, `deploy`, `rollback`, `status`.
    pub purpose: String,
    /// The release to deploy.
    pub release: Arc<Release>,
    /// The release that the journal says runs now.
    pub running: Option<Arc<Release>>,
    /// The plan, once there is one.
    pub plan: Option<Arc<Plan>>,
    /// The plugin's `with` table.
    pub config: Arc<Value>,
    /// Variables for interpolation; secrets as placeholders.
    pub variables: Arc<BTreeMap<String, String>>,
    /// Facts about the host: `{"hostname", "os", "architecture", "time"}`.
    pub host: Arc<Value>,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// When the host ends the call; none means [`super::Limits::wall`] from now.
    pub deadline: Option<Instant>,
    /// Ends the call early: the plugin sees it through `cancelled` and is stopped after a short grace.
    pub cancel: CancellationToken,
    /// What the plugin may reach.
    pub capabilities: Arc<Capabilities>,
}

/// The answer of what is not built yet.
pub(super) fn not_yet() -> Failure {
    Failure { code: "unsupported".to_owned(), message: "the sandbox is not built yet".to_owned(), retryable: false, details: None }
}
