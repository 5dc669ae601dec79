//! Room on the disk that is kept for the end of a deployment.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Enough for thousands of lines: a deployment writes a few dozen.
const SIZE: u64 = 16 * 1024 * 1024;

/// A file that takes room away until the journal needs it.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
}

impl Reserve {
    /// The reserve of a state directory.
    pub(super) fn new(state: &Path) -> Self {
        Self { path: state.join("reserve") }
    }

    /// Makes the file where it isn't there; false when the disk has no room for it. A file system that cannot reserve
    /// anything is not full.
    pub(super) fn keep(&self) -> bool {
        if self.path.metadata().is_ok_and(|metadata| metadata.len() == SIZE) {
            return true;
        }
        let made = crate::private::open(&self.path).and_then(|file| {
            // A sparse file would reserve nothing.
            rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, SIZE)?;
            Ok(())
        });
        let Err(error) = made else { return true };
        tracing::warn!(path = %self.path.display(), %error, "no room is reserved for the journal");
        let _ = std::fs::remove_file(&self.path);
        !matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
    }

    /// Gives the room back; whether there was any.
    pub(super) fn let_go(&self) -> bool {
        std::fs::remove_file(&self.path).is_ok()
    }
}
