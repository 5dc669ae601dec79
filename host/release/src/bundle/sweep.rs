//! Which kept bundles go: those that nothing needs, once they have not been used for a while.
//!
//! A plan that a user only looks at leaves a bundle that the journal does not know, so the newest of those stay: for
//! [`RECENT`](super::RECENT), and at most [`MOST_RECENT`](super::MOST_RECENT) of them.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use windlass_foundation::private;

use super::error::BundleError;
use super::{MOST_RECENT, RECENT, store};

/// Beside the bundles: held shared while a bundle is being kept, and alone while some are removed.
const LOCK: &str = "lock";

/// Nothing is removed while this is held.
pub(super) fn hold(root: &Path) -> Result<File, BundleError> {
    let path = lock(root);
    let unwritable = |source| BundleError::Unwritable { path: root.to_owned(), source };
    private::directory(root).map_err(unwritable)?;
    let file = private::open(&path).map_err(unwritable)?;
    file.lock_shared().map_err(unwritable)?;
    Ok(file)
}

fn lock(root: &Path) -> PathBuf {
    root.parent().unwrap_or(root).join(LOCK)
}

/// Says that a bundle was used now. Nothing but how long it stays depends on it.
pub(super) fn touch(directory: &Path) {
    if let Err(error) = File::open(directory).and_then(|file| file.set_modified(SystemTime::now())) {
        tracing::debug!(path = %directory.display(), %error, "its last use is not kept");
    }
}

/// Removes the bundles that are not among `needed` and that no recent plan needs. Returns their digests.
pub(super) fn sweep(root: &Path, needed: &BTreeSet<String>) -> Result<Vec<String>, BundleError> {
    if store::list(root).is_empty() {
        return Ok(Vec::new());
    }
    let path = lock(root);
    let unwritable = |source: io::Error| BundleError::Unwritable { path: path.clone(), source };
    let file = private::open(&path).map_err(unwritable)?;
    match file.try_lock() {
        Ok(()) => {}
        // Another process is keeping a bundle right now. The next sweep will remove what is old.
        Err(TryLockError::WouldBlock) => return Ok(Vec::new()),
        Err(TryLockError::Error(error)) => return Err(unwritable(error)),
    }
    let now = SystemTime::now();
    let unneeded = store::list(root).into_iter().filter(|digest| !needed.contains(digest));
    let mut dated: Vec<(SystemTime, String)> = unneeded
        .map(|digest| {
            let used = store::place(root, &digest)
                .ok()
                .and_then(|place| fs::symlink_metadata(place).ok())
                .and_then(|metadata| metadata.modified().ok());
            (used.unwrap_or(SystemTime::UNIX_EPOCH), digest)
        })
        .collect();
    dated.sort_by(|one, other| other.cmp(one));
    let mut gone = Vec::new();
    for (place, (used, digest)) in dated.into_iter().enumerate() {
        let recent = now.duration_since(used).is_ok_and(|age| age < RECENT) || used > now;
        if recent && place < MOST_RECENT {
            continue;
        }
        store::remove(root, &digest)?;
        gone.push(digest);
    }
    Ok(gone)
}
