//! Files that appear whole or not at all, and that only this host could have written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

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

/// What the kernel says of a file, and of nothing else that ever has its name: which it is, whose, how long, and when it
/// was changed last, which is the kernel's word alone. A link is not followed.
pub(super) fn stamp(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = fs::symlink_metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let facts = [
        metadata.dev(),
        metadata.ino(),
        metadata.mode().into(),
        metadata.uid().into(),
        metadata.gid().into(),
        metadata.nlink(),
        metadata.size(),
    ];
    let times = [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()];
    Ok(facts.into_iter().flat_map(u64::to_le_bytes).chain(times.into_iter().flat_map(i64::to_le_bytes)).collect())
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
    // All of it at once, and a look whether there is more.
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default().saturating_add(1));
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Says that a file or directory was used now, for [`keep_newest`]. Nothing depends on it.
pub(super) fn touch(path: &Path) {
    let touched = File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
    if let Err(error) = touched {
        tracing::debug!(path = %path.display(), %error, "its last use is not kept");
    }
}

/// Removes all entries of a directory but those that were used last; hidden ones are being written and stay. What is
/// removed can be made again, and nothing depends on its being gone.
pub(super) fn keep_newest(directory: &Path, most: usize, chosen: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut known: Vec<(SystemTime, PathBuf)> = entries
        .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b".") && chosen(&entry.path()))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    known.sort_by(|one, other| other.cmp(one));
    let old: Vec<PathBuf> = known.into_iter().skip(most).map(|(_, path)| path).collect();
    for path in &old {
        let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        if let Err(error) = removed {
            tracing::debug!(path = %path.display(), %error, "it stays");
        }
    }
    old
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_file_that_was_changed_has_another_stamp() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("code");
        fs::write(&path, "one").unwrap();
        let first = stamp(&path).unwrap();
        assert_eq!(stamp(&path).unwrap(), first);
        // The same length, and the time of the last change of its content put back.
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        let copy = directory.path().join("copy");
        fs::write(&copy, "two").unwrap();
        File::open(&copy).unwrap().set_modified(modified).unwrap();
        fs::rename(&copy, &path).unwrap();
        assert_ne!(stamp(&path).unwrap(), first);
        std::os::unix::fs::symlink(&path, &copy).unwrap();
        assert!(stamp(&copy).is_err(), "a link is no file");
    }

    #[test]
    fn what_was_used_last_stays() {
        let directory = tempfile::tempdir().unwrap();
        for (age, name) in ["a", "b", "c", "d", ".new-x"].into_iter().enumerate() {
            let path = directory.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("inside"), name).unwrap();
            let used = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 - age as u64);
            File::open(&path).unwrap().set_modified(used).unwrap();
        }
        touch(&directory.path().join("d"));
        let gone = keep_newest(directory.path(), 2, |path| !path.ends_with("c"));
        assert_eq!(gone, [directory.path().join("b")]);
        let mut left: Vec<_> =
            fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".new-x", "a", "c", "d"]);
    }
}
