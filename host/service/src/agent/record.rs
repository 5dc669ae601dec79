//! The journal as others want to see it: plugins' own values, and a place for what they log.

use std::sync::Arc;

use windlass_capability::state::{Entry, Owner, Quota, StateError, StateStore};
use windlass_foundation::blocking::blocking;
use windlass_foundation::names::Instance;
use windlass_foundation::progress::{Marked, Progress, Watch};
use windlass_journal::{Journal, Put, Room};

/// Plugins' own values, kept in the journal's file.
pub(super) struct Values(pub(super) Arc<Journal>);

fn failed(error: windlass_journal::Error) -> StateError {
    StateError::Store(Box::new(error))
}

/// What a plugin keeps values for. A text that is no instance has none.
fn instance(owner: &Owner) -> Result<Instance, StateError> {
    Instance::parse(&owner.application).map_err(|why| StateError::Store(why.into()))
}

impl Values {
    fn revision(&self, owner: &Owner, key: &str) -> Result<Option<u64>, StateError> {
        Ok(self.get(owner, key)?.map(|entry| entry.revision))
    }
}

impl StateStore for Values {
    fn get(&self, owner: &Owner, key: &str) -> Result<Option<Entry>, StateError> {
        let stored = self.0.state_get(&owner.plugin, &instance(owner)?, key).map_err(failed)?;
        Ok(stored.map(|stored| Entry { value: stored.value, revision: stored.revision }))
    }

    fn put(
        &self,
        owner: &Owner,
        key: &str,
        value: &[u8],
        expected: Option<u64>,
        quota: Quota,
    ) -> Result<u64, StateError> {
        let most = Room { keys: quota.keys, bytes: quota.bytes };
        let put = self.0.state_put(&owner.plugin, &instance(owner)?, key, value, expected, most).map_err(failed)?;
        match put {
            Put::Stored(revision) => Ok(revision),
            Put::Conflict => Err(StateError::Conflict(self.revision(owner, key)?)),
            Put::Full(would) => Err(StateError::Full { would: Quota { keys: would.keys, bytes: would.bytes }, quota }),
        }
    }

    fn delete(&self, owner: &Owner, key: &str, expected: Option<u64>) -> Result<(), StateError> {
        let deleted = self.0.state_delete(&owner.plugin, &instance(owner)?, key, expected).map_err(failed)?;
        if deleted { Ok(()) } else { Err(StateError::Conflict(self.revision(owner, key)?)) }
    }

    fn keys(&self, owner: &Owner, prefix: &str, limit: usize) -> Result<Vec<String>, StateError> {
        let mut keys = self.0.state_keys(&owner.plugin, &instance(owner)?, prefix).map_err(failed)?;
        keys.truncate(limit);
        Ok(keys)
    }
}

/// Shows what is logged, and keeps it with the deployment.
pub(super) struct Kept {
    pub(super) journal: Arc<Journal>,
    pub(super) deployment: String,
    pub(super) watch: Marked,
}

impl Watch for Kept {
    fn notice(&self, progress: &Progress) {
        if let Progress::Log { source, level, message } = progress {
            blocking(|| self.journal.log(&self.deployment, source, *level, message));
        }
        self.watch.notice(progress);
    }
}
