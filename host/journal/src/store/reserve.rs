//! Room on the disk that is kept for the end of a deployment.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Enough for thousands of lines: a deployment writes a few dozen.
const SIZE: u64 = 16 * 1024 * 1024;

/// Enough for a deployment's lines, its log, and a bundle of ordinary size.
const BESIDES: u64 = 4 * 1024 * 1024;

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
        let made = windlass_foundation::private::open(&self.path).and_then(|file| {
            // A sparse file would reserve nothing.
            rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, SIZE)?;
            Ok(())
        });
        let Err(error) = made else { return true };
        tracing::warn!(path = %self.path.display(), %error, "no room is reserved for the journal");
        let _ = std::fs::remove_file(&self.path);
        !matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
    }

    /// Whether there is room besides, for what a deployment writes in its ordinary course. Where that cannot be known
    /// there is.
    pub(super) fn has_room(&self) -> bool {
        let Some(state) = self.path.parent() else { return true };
        let Ok(statistics) = rustix::fs::statvfs(state) else { return true };
        statistics.f_blocks == 0 || statistics.f_bavail.saturating_mul(statistics.f_frsize) >= BESIDES
    }

    /// Gives the room back; whether there was any.
    pub(super) fn let_go(&self) -> bool {
        std::fs::remove_file(&self.path).is_ok()
    }
}
