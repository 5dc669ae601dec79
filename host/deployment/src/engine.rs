//! Everything that the flow works with, opened once and used by all deployments of this process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use windlass_foundation::clock::Ids;
use windlass_foundation::progress::{DeploymentRef, Events, Progress, ProgressEvent};
use windlass_journal::Journal;

use super::backend::DeploymentBackend;

/// Everything that the flow works with.
pub struct Engine {
    /// The record.
    pub journal: Arc<Journal>,
    /// Releases, plugins and images.
    pub backend: Arc<dyn DeploymentBackend>,
    /// Makes ids for deployments.
    pub ids: Arc<dyn Ids>,
    /// Takes what happens in all deployments.
    pub events: Arc<dyn Events>,
    /// The directory of the lock files.
    pub locks: PathBuf,
    /// The environment's name.
    pub environment: String,
    /// The host's name.
    pub host: String,
    /// How often and how fast things are tried again.
    pub retry_policy: RetryPolicy,
}

impl Engine {
    /// Reports an event of a deployment to the progress sink.
    pub fn notice(&self, of: &DeploymentRef, progress: Progress) {
        self.events.event(ProgressEvent { of: of.clone(), progress });
    }
}

/// How often and how fast things are tried again.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// How often a step is applied when its failures say that they may pass.
    pub apply_attempts: u32,
    /// How often a step is undone likewise.
    pub undo_attempts: u32,
    /// How long to wait before the second attempt; doubled for each one after it.
    pub retry_delay: Duration,
    /// How long running steps may go on after a user or a signal asked to stop.
    pub stop_grace: Duration,
    /// How long smoke tests wait for the old version to end. A program that ends when it is told to has ended by then.
    pub old_version: Duration,
    /// How long a recorder is left alone after its first failure; doubled for each one after it, up to a day.
    pub delivery_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            apply_attempts: 3,
            undo_attempts: 5,
            retry_delay: Duration::from_secs(1),
            stop_grace: Duration::from_secs(30),
            old_version: Duration::from_secs(5),
            delivery_delay: Duration::from_mins(1),
        }
    }
}
