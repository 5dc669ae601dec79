//! A small store of the plugin's own, one per plugin and application, that outlives the call.
//! Needs the `state` grant.

use crate::Result;
use crate::bindings::imports::windlass::plugin::state as host;
use crate::error::ask;

/// A value and the number of its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// At most 64 KiB.
    pub value: Vec<u8>,
    /// Grows by one with every change of the key.
    pub revision: u64,
}

/// The value of a key, or none.
pub fn get(key: &str) -> Result<Option<Entry>> {
    let entry = ask(|| host::get(key))?;
    Ok(entry.map(|entry| Entry { value: entry.value, revision: entry.revision }))
}

/// Stores a value if the key is still at the revision that was seen; `None` means that it must not exist.
/// Returns the new revision; the error code is `conflict` when another call changed the key first.
pub fn put(key: &str, value: &[u8], expected: Option<u64>) -> Result<u64> {
    ask(|| host::put(key, value, expected))
}

/// Removes a key under the same condition. A key that is not there is success when `expected` is `None`.
pub fn delete(key: &str, expected: Option<u64>) -> Result<()> {
    ask(|| host::delete(key, expected))
}

/// Keys that start with a prefix, in order, at most 1,000.
pub fn keys(prefix: &str) -> Result<Vec<String>> {
    ask(|| host::keys(prefix))
}
