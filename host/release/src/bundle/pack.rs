//! Writes the files of an application as a tar archive that is the same wherever and whenever it is made.
//!
//! Unlike a deployment from a directory, this follows no link: whoever reads the archive takes none, and what a link means is to
//! be seen where it is, not where it was sent.

use std::io::Read as _;

use tar::{Builder, Header};

use super::collect::{self, Collected, Links};
use super::digest;
use super::error::BundleError;
use super::sent::Sent;
use super::{MAX_SENT_BYTES, MAX_SENT_ENTRIES};
use crate::directory::TeamDirectory;

/// The files of an application as one archive.
#[derive(Debug)]
pub struct Packed {
    /// The archive.
    pub archive: Vec<u8>,
    /// How many files are in it.
    pub files: usize,
    /// How many bytes these have together.
    pub bytes: u64,
    /// What the ignore file left out, and `.git`; a directory with a `/` at its end.
    pub left_out: Vec<String>,
}

/// Packs the files of a directory.
///
/// # Errors
/// When one of them cannot be read, is a link or no plain file, or when they are more than is taken.
pub fn pack(team: &TeamDirectory) -> Result<Packed, BundleError> {
    let collected = collect::walk(team, Links::Refused)?;
    let bytes = collected.entries.values().map(|entry| entry.size).sum();
    if collected.entries.len() > MAX_SENT_ENTRIES {
        return Err(BundleError::TooManySent);
    }
    if bytes > MAX_SENT_BYTES {
        return Err(BundleError::PackedTooLarge { largest: collect::largest(&collected.entries) });
    }
    let archive = archive(&collected)?;
    // What nobody would take is refused here already, by the same words.
    Sent::read(&archive)?;
    Ok(Packed { archive, files: collected.entries.len(), bytes, left_out: collected.left_out })
}

fn archive(collected: &Collected) -> Result<Vec<u8>, BundleError> {
    let mut builder = Builder::new(Vec::new());
    for (path, entry) in &collected.entries {
        let unreadable = |source| BundleError::Unreadable { path: collected.path.join(path), source };
        let mut content = Vec::new();
        let file = collect::open(&collected.root, path).map_err(unreadable)?;
        let copied = digest::copy(&mut file.take(entry.size + 1), &mut content).map_err(unreadable)?;
        if copied != (entry.digest.clone(), entry.size) {
            return Err(BundleError::Changed { path: path.clone() });
        }
        // No time, no owner: the same files make the same archive.
        let mut header = Header::new_gnu();
        header.set_size(entry.size);
        header.set_mode(if entry.executable { 0o755 } else { 0o644 });
        builder.append_data(&mut header, path, content.as_slice()).map_err(unreadable)?;
    }
    builder.into_inner().map_err(|source| BundleError::Unreadable { path: collected.path.clone(), source })
}
