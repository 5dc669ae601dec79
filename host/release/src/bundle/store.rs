//! The kept copies of bundles: written beside their place, then renamed into it, and never changed again.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::StoredBundle;
use super::collect::{self, Collected};
use super::digest;
use super::error::BundleError;
use super::verify;

/// Modes of what is kept. Containers read mounted files as any user; no user may write. On the host only the agent's
/// user can reach the files: the directory around all bundles is closed to every other user.
pub(super) const DIRECTORY: u32 = 0o555;
pub(super) const FILE: u32 = 0o444;
pub(super) const PROGRAM: u32 = 0o555;

/// How directories are named that are being filled; the number of the process that fills them follows.
const INCOMING: &str = ".incoming-";

/// An empty directory beside the kept bundles, removed when dropped.
pub(super) fn incoming(root: &Path) -> Result<TempDir, BundleError> {
    let unwritable = |source| BundleError::Unwritable { path: root.to_owned(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(unwritable)?;
    remove_abandoned(root);
    let prefix = format!("{INCOMING}{}-", std::process::id());
    tempfile::Builder::new().prefix(&prefix).tempdir_in(root).map_err(unwritable)
}

/// Removes directories of agents that ended in the middle. Nothing depends on it.
fn remove_abandoned(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(INCOMING)) else { continue };
        let process = rest.split('-').next().and_then(|pid| pid.parse::<u32>().ok());
        if process.is_none_or(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
            make_removable(&entry.path());
            if let Err(error) = fs::remove_dir_all(entry.path()) {
                tracing::debug!(path = %entry.path().display(), %error, "an abandoned directory stays");
            }
        }
    }
}

/// Copies a directory's files to their place.
pub(super) fn store(root: &Path, collected: &Collected) -> Result<StoredBundle, BundleError> {
    let bundle = collected.bundle();
    let place = place(root, &bundle.digest)?;
    let incoming = incoming(root)?;
    let result = fill(incoming.path(), collected).and_then(|()| settle(incoming.path(), &place));
    if let Err(error) = result {
        // Read-only directories would resist being removed by anyone but root.
        make_removable(incoming.path());
        return Err(error);
    }
    // Another agent may have been quicker, in which case the copy is dropped; what is there is verified either way.
    load(root, &bundle.digest, Some(&bundle.files), Some(collected))
}

/// Reads a kept bundle, verifies it, and puts it right where it was changed and that is possible: see `verify`.
pub(super) fn load(
    root: &Path,
    digest: &str,
    files: Option<&BTreeMap<String, String>>,
    source: Option<&Collected>,
) -> Result<StoredBundle, BundleError> {
    let directory = place(root, digest)?;
    if !fs::symlink_metadata(&directory).is_ok_and(|found| found.is_dir()) {
        return Err(BundleError::Missing { digest: digest.to_owned() });
    }
    let entries = verify::verify(&directory, digest, files, source)?;
    Ok(StoredBundle { bundle: digest::bundle(&entries), directory })
}

/// The digests of all kept bundles.
pub(super) fn list(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let digests = entries.filter_map(|entry| Some(format!("sha256:{}", entry.file_name().to_str()?)));
    digests.filter(|digest| windlass_domain::reference::is_digest(digest)).collect()
}

/// What changes with anything of a kept bundle.
pub(super) fn stamp(root: &Path, digest: &str) -> Option<[u8; 32]> {
    place(root, digest).ok().and_then(|directory| verify::stamp(&directory).ok())
}

/// Removes a kept bundle.
pub(super) fn remove(root: &Path, digest: &str) -> Result<(), BundleError> {
    let directory = place(root, digest)?;
    if !directory.is_dir() {
        return Ok(());
    }
    make_removable(&directory);
    fs::remove_dir_all(&directory).map_err(|source| BundleError::Unwritable { path: directory, source })
}

pub(super) fn place(root: &Path, digest: &str) -> Result<PathBuf, BundleError> {
    match digest.strip_prefix("sha256:") {
        Some(hexadecimal) if windlass_domain::reference::is_digest(digest) => Ok(root.join(hexadecimal)),
        _ => Err(BundleError::Missing { digest: digest.escape_debug().to_string() }),
    }
}

/// Writes all files below `target` and makes them, and the directories, read-only and durable.
fn fill(target: &Path, collected: &Collected) -> Result<(), BundleError> {
    for (path, entry) in &collected.entries {
        let destination = target.join(path);
        let unwritable = |source| BundleError::Unwritable { path: destination.clone(), source };
        if let Some(parent) = destination.parent() {
            fs::create_dir_all(parent).map_err(unwritable)?;
        }
        let unreadable = |source| BundleError::Unreadable { path: collected.path.join(path), source };
        let source = collect::open(&collected.root, path).map_err(unreadable)?;
        let mut file = File::create_new(&destination).map_err(unwritable)?;
        let copied = digest::copy(&mut source.take(entry.size + 1), &mut file).map_err(unwritable)?;
        if copied != (entry.digest.clone(), entry.size) {
            return Err(BundleError::Changed { path: path.clone() });
        }
        let mode = if entry.executable { PROGRAM } else { FILE };
        file.set_permissions(Permissions::from_mode(mode)).map_err(unwritable)?;
        file.flush().and_then(|()| file.sync_all()).map_err(unwritable)?;
    }
    for directory in directories(target) {
        fs::set_permissions(&directory, Permissions::from_mode(DIRECTORY))
            .and_then(|()| File::open(&directory)?.sync_all())
            .map_err(|source| BundleError::Unwritable { path: directory, source })?;
    }
    Ok(())
}

/// Renames the copy to its place and makes that durable.
fn settle(from: &Path, place: &Path) -> Result<(), BundleError> {
    let unwritable = |source| BundleError::Unwritable { path: place.to_owned(), source };
    match fs::rename(from, place) {
        Ok(()) => {}
        Err(error) if matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists) => {
            make_removable(from);
            return Ok(());
        }
        Err(error) => return Err(unwritable(error)),
    }
    match place.parent() {
        Some(parent) => File::open(parent).and_then(|directory| directory.sync_all()).map_err(unwritable),
        None => Ok(()),
    }
}

/// A directory and all directories below it, deepest first. Unreadable ones are left out.
pub(super) fn directories(top: &Path) -> Vec<PathBuf> {
    let mut found = vec![top.to_owned()];
    let mut next = 0;
    while let Some(directory) = found.get(next) {
        let below: Vec<PathBuf> = fs::read_dir(directory)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
            .collect();
        found.extend(below);
        next += 1;
    }
    found.reverse();
    found
}

/// Best effort: what cannot be removed then is reported by the removal.
pub(super) fn make_removable(top: &Path) {
    for directory in directories(top) {
        drop(fs::set_permissions(&directory, Permissions::from_mode(0o755)));
    }
}
