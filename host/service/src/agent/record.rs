//! The journal as others want to see it: plugins' own values, and a place for what they log.

use std::sync::Arc;

use windlass_capability::state::{Entry, Owner, Quota, StateError, StateStore};
use windlass_foundation::blocking::blocking;
use windlass_foundation::names::Instance;
use windlass_foundation::progress::{Marked, Progress, Watch};
use windlass_journal::{Journal, Put, Room};

/// Plugins' own values for one instance of an application, kept in the journal's file.
pub(super) struct Values {
    pub(super) journal: Arc<Journal>,
    pub(super) instance: Instance,
}

fn failed(error: windlass_journal::Error) -> StateError {
    StateError::Store(Box::new(error))
}

impl Values {
    fn revision(&self, owner: &Owner, key: &str) -> Result<Option<u64>, StateError> {
        Ok(self.get(owner, key)?.map(|entry| entry.revision))
    }
}

impl StateStore for Values {
    fn get(&self, owner: &Owner, key: &str) -> Result<Option<Entry>, StateError> {
        let stored = self.journal.state_get(&owner.plugin, &self.instance, key).map_err(failed)?;
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
        let put = self.journal.state_put(&owner.plugin, &self.instance, key, value, expected, most).map_err(failed)?;
        match put {
            Put::Stored(revision) => Ok(revision),
            Put::Conflict => Err(StateError::Conflict(self.revision(owner, key)?)),
            Put::Full(would) => Err(StateError::Full { would: Quota { keys: would.keys, bytes: would.bytes }, quota }),
        }
    }

    fn delete(&self, owner: &Owner, key: &str, expected: Option<u64>) -> Result<(), StateError> {
        let deleted = self.journal.state_delete(&owner.plugin, &self.instance, key, expected).map_err(failed)?;
        if deleted { Ok(()) } else { Err(StateError::Conflict(self.revision(owner, key)?)) }
    }

    fn keys(&self, owner: &Owner, prefix: &str, limit: usize) -> Result<Vec<String>, StateError> {
        let mut keys = self.journal.state_keys(&owner.plugin, &self.instance, prefix).map_err(failed)?;
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

#[cfg(test)]
mod tests {
    use windlass_foundation::clock::SystemClock;
    use windlass_foundation::redact::Redactor;
    use windlass_journal::Mode;

    use super::*;

    #[test]
    fn a_plugin_keeps_other_values_for_an_application_under_another_name() {
        let state = tempfile::tempdir().unwrap();
        let journal = Journal::open(state.path(), Mode::Write, Arc::new(SystemClock), Redactor::new()).unwrap();
        let journal = Arc::new(journal);
        let of = |text: &str| Values { journal: journal.clone(), instance: Instance::parse(text).unwrap() };
        let (itself, preview) = (of("kudos"), of("kudos@pr-123"));
        let (owner, quota) = (Owner { plugin: "check".to_owned() }, Quota { keys: 1, bytes: 100 });
        itself.put(&owner, "k", b"1", None, quota).unwrap();
        assert!(preview.get(&owner, "k").unwrap().is_none());
        preview.put(&owner, "k", b"2", None, quota).unwrap();
        preview.delete(&owner, "k", Some(1)).unwrap();
        assert_eq!(itself.get(&owner, "k").unwrap().unwrap().value, b"1");
        assert_eq!(preview.keys(&owner, "", 10).unwrap(), [""; 0]);
    }
}
