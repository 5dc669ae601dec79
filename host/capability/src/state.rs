//! The plugin's own small store: one per plugin and application, with compare-and-set.
//!
//! Where values are kept is the journal's business; this is the contract, its limits and the grant. What one plugin
//! keeps for one application has a quota, so that it cannot fill the disk that the journal needs.

use std::sync::Arc;

use windlass_config::Limits;
use windlass_domain::Failure;

use super::failure::{failure, lost};
use super::grants::{Grants, Permission};

/// The largest value, in bytes.
pub const VALUE_LIMIT: usize = 64 << 10;

/// The longest key, in bytes.
pub const KEY_LIMIT: usize = 256;

/// The most keys that one listing returns.
pub const KEYS_LIMIT: usize = 1_000;

/// How much one plugin may keep for one application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Keys.
    pub keys: u64,
    /// Bytes of all keys and values.
    pub bytes: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { keys: 1_000, bytes: 4 << 20 }
    }
}

impl From<&Limits> for Quota {
    fn from(limits: &Limits) -> Self {
        Self { keys: limits.state_keys, bytes: limits.state_total }
    }
}

/// The owner of stored values, in the store of one instance of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The plugin's name: values outlive its versions.
    pub plugin: String,
}

/// A value and the number of its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Vec<u8>,
    /// Grows by one with every change of the key, from 1.
    pub revision: u64,
}

/// Why the store did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The key is not at the revision that was expected.
    #[error("the key is at revision {}", .0.map_or_else(|| "none: it does not exist".to_owned(), |revision| revision.to_string()))]
    Conflict(Option<u64>),
    /// The value does not fit beside the others.
    #[error(
        "{} keys with {} bytes would be kept; a plugin may keep {} keys (`state-keys` in `[limits]`) with {} bytes \
         (`state-total`) for one application",
        would.keys, would.bytes, quota.keys, quota.bytes
    )]
    Full {
        /// What would be kept.
        would: Quota,
        /// What may be kept.
        quota: Quota,
    },
    /// The store itself failed.
    #[error("the store of plugin values failed")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where values are kept for one instance of an application. Methods may block for a disk; they are called off the asynchronous threads.
pub trait StateStore: Send + Sync {
    /// The value of a key.
    fn get(&self, owner: &Owner, key: &str) -> Result<Option<Entry>, StateError>;
    /// Stores a value if the key is at `expected`; none means that it must not exist. Returns the new revision.
    /// Nothing is stored when the owner would have more than the quota then.
    fn put(
        &self,
        owner: &Owner,
        key: &str,
        value: &[u8],
        expected: Option<u64>,
        quota: Quota,
    ) -> Result<u64, StateError>;
    /// Removes a key under the same condition; one that does not exist is success when `expected` is none.
    fn delete(&self, owner: &Owner, key: &str, expected: Option<u64>) -> Result<(), StateError>;
    /// At most `limit` keys with a prefix, in byte order.
    fn keys(&self, owner: &Owner, prefix: &str, limit: usize) -> Result<Vec<String>, StateError>;
}

/// Nothing is stored and nothing can be.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoState;

impl StateStore for NoState {
    fn get(&self, _: &Owner, _: &str) -> Result<Option<Entry>, StateError> {
        Ok(None)
    }

    fn put(&self, _: &Owner, _: &str, _: &[u8], _: Option<u64>, _: Quota) -> Result<u64, StateError> {
        Err(StateError::Store("there is no store here".into()))
    }

    fn delete(&self, _: &Owner, _: &str, _: Option<u64>) -> Result<(), StateError> {
        Ok(())
    }

    fn keys(&self, _: &Owner, _: &str, _: usize) -> Result<Vec<String>, StateError> {
        Ok(Vec::new())
    }
}

/// The store as one plugin call sees it.
#[derive(Clone)]
pub struct State {
    grants: Arc<Grants>,
    store: Arc<dyn StateStore>,
    owner: Owner,
    quota: Quota,
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("State").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl State {
    /// The store for one plugin call: that of the instance for which the call is made.
    #[must_use]
    pub fn new(grants: Arc<Grants>, store: Arc<dyn StateStore>) -> Self {
        let owner = Owner { plugin: grants.scope().plugin.name.clone() };
        Self { grants, store, owner, quota: Quota::default() }
    }

    /// The same with another quota than the default.
    #[must_use]
    pub fn within(self, quota: Quota) -> Self {
        Self { quota, ..self }
    }

    /// Implements `state.get`; none where the key has no value.
    pub async fn get(&self, key: String) -> Result<Option<Entry>, Failure> {
        check_key(&key)?;
        self.run(move |store, owner| store.get(owner, &key)).await
    }

    /// Implements `state.put`: stores a value if the key is at the `expected` revision; none means that the key must
    /// not exist. Returns the new revision.
    pub async fn put(&self, key: String, value: Vec<u8>, expected: Option<u64>) -> Result<u64, Failure> {
        check_key(&key)?;
        if value.len() > VALUE_LIMIT {
            let message = format!("a value has {} bytes; the most are {VALUE_LIMIT}", value.len());
            return Err(failure("limit-exceeded", message));
        }
        let quota = self.quota;
        self.run(move |store, owner| store.put(owner, &key, &value, expected, quota)).await
    }

    /// Implements `state.delete`: removes a key if it is at the `expected` revision; none means that the key must not
    /// exist.
    pub async fn delete(&self, key: String, expected: Option<u64>) -> Result<(), Failure> {
        check_key(&key)?;
        self.run(move |store, owner| store.delete(owner, &key, expected)).await
    }

    /// Implements `state.keys`: the keys that begin with `prefix`, at most `KEYS_LIMIT` of them.
    pub async fn keys(&self, prefix: String) -> Result<Vec<String>, Failure> {
        if prefix.len() > KEY_LIMIT {
            return Ok(Vec::new());
        }
        self.run(move |store, owner| store.keys(owner, &prefix, KEYS_LIMIT)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn StateStore, &Owner) -> Result<T, StateError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.grants.check(&Permission::State)?;
        let (store, owner) = (Arc::clone(&self.store), self.owner.clone());
        let done = tokio::task::spawn_blocking(move || work(store.as_ref(), &owner)).await;
        done.map_err(|_| lost("the store of plugin values"))?.map_err(|error| match error {
            StateError::Conflict(_) => failure("conflict", error.to_string()),
            StateError::Full { .. } => failure("limit-exceeded", error.to_string()),
            StateError::Store(ref cause) => failure("internal", format!("{error}: {cause}")),
        })
    }
}

fn check_key(key: &str) -> Result<(), Failure> {
    if key.is_empty() || key.len() > KEY_LIMIT || key.chars().any(char::is_control) {
        let message = format!("a key has 1 to {KEY_LIMIT} bytes and no control characters");
        return Err(failure("invalid-argument", message));
    }
    Ok(())
}
