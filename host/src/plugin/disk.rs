//! Files that appear whole or not at all, and that only this host could have written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// `sha256:` and the digest of some bytes.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// Creates a directory and those above it, for this user alone.
pub(super) fn create_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A new file beside `path` that [`publish`] gives its name.
pub(super) fn temporary(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let directory = path.parent().unwrap_or(Path::new("."));
    create_directory(directory)?;
    tempfile::Builder::new().prefix(".new-").tempfile_in(directory)
}

/// Gives a finished file its name; readers see all of it or none, also after a power cut.
pub(super) fn publish(file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// Writes a file whole.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = temporary(path)?;
    file.write_all(bytes)?;
    publish(file, path)
}

/// Reads a regular file of at most `most` bytes; a link, a pipe or a device is not read.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    read_open(file, most)
}

/// Reads an open regular file of at most `most` bytes.
pub(super) fn read_open(file: File, most: u64) -> io::Result<Vec<u8>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    if metadata.len() > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {most} bytes")));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What only a holder of the host's key can compute over `bytes`, for one purpose.
pub(super) fn seal(key: &[u8], purpose: &str, bytes: &[u8]) -> Vec<u8> {
    sealing(key, purpose, bytes).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default()
}

/// Whether `seal` was computed by a holder of the host's key, compared in constant time.
pub(super) fn is_sealed(key: &[u8], purpose: &str, bytes: &[u8], seal: &[u8]) -> bool {
    sealing(key, purpose, bytes).is_some_and(|mac| mac.verify_slice(seal).is_ok())
}

fn sealing(key: &[u8], purpose: &str, bytes: &[u8]) -> Option<Hmac<Sha256>> {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(bytes);
    Some(mac)
}
