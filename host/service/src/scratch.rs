//! A state of its own for a command that leaves nothing on this host: whoever runs it may have no state directory, and none that
//! they may write.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use windlass_release::bundle::Bundles;

use super::error::CommandError;

/// A state directory that goes with the command.
#[derive(Debug)]
pub(crate) struct Scratch {
    _directory: TempDir,
    path: PathBuf,
}

impl Scratch {
    /// An empty one.
    pub(crate) fn new() -> Result<Self, CommandError> {
        let made = tempfile::tempdir().and_then(|directory| Ok((directory.path().canonicalize()?, directory)));
        let (path, directory) = made.map_err(|source| CommandError::Write { path: std::env::temp_dir(), source })?;
        Ok(Self { _directory: directory, path })
    }

    /// Where it is, without links on the way.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Kept bundles are read-only and would resist being removed by anyone but root. Nothing depends on it.
        let bundles = Bundles::new(&self.path);
        for digest in bundles.list() {
            drop(bundles.remove(&digest));
        }
    }
}
