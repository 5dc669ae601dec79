//! Files below roots that have names. A path is relative to its root, uses `/`, and cannot leave it.
//!
//! The root `bundle` is the release's own, read-only, and needs no grant; every other root is granted by the operator.

use crate::bindings::imports::windlass::plugin::files as host;
use crate::error::ask;
use crate::{Error, Result};

/// The root of the release's own files.
pub const BUNDLE: &str = "bundle";

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// In bytes.
    pub size: u64,
    /// Whether it is a directory.
    pub directory: bool,
}

/// The whole file; the code is `limit-exceeded` when it is larger than 8 MiB, `not-found` when it is not there.
pub fn read(root: &str, path: &str) -> Result<Vec<u8>> {
    ask(|| host::read(root, path))
}

/// The whole file as UTF-8 text.
pub fn read_text(root: &str, path: &str) -> Result<String> {
    String::from_utf8(read(root, path)?)
        .map_err(|_| Error::new("invalid-argument", format!("{path} in {root} is not UTF-8 text")))
}

/// The whole file, or `None` when it is not there.
pub fn read_if_there(root: &str, path: &str) -> Result<Option<Vec<u8>>> {
    match read(root, path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Facts about a path, or `None` when nothing is there.
pub fn stat(root: &str, path: &str) -> Result<Option<Metadata>> {
    let metadata = ask(|| host::stat(root, path))?;
    Ok(metadata.map(|metadata| Metadata { size: metadata.size, directory: metadata.directory }))
}

/// Names in a directory, sorted, at most 10,000.
pub fn list_directory(root: &str, path: &str) -> Result<Vec<String>> {
    ask(|| host::list_directory(root, path))
}

/// Replaces or creates a file: readers see the old content or the new, also after a power cut.
pub fn write_atomic(root: &str, path: &str, data: &[u8]) -> Result<()> {
    ask(|| host::write_atomic(root, path, data))
}
