//! Reads a bundle from a tar archive whose sender is not trusted.
//!
//! Only plain files and directories with relative paths below the top are taken; everything else ends the reading with
//! the entry's name. Owners, times and modes are not taken over, except that a program stays a program.

use std::fs::Permissions;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use tar::{Archive, Entry, EntryType};

use super::error::BundleError;
use super::sent::SentFile;
use super::{MAX_BYTES, MAX_FILES};

/// The most bytes of an archive: all files, and two blocks of header and padding for each, and as many for long names.
const MAX_ARCHIVE: u64 = MAX_BYTES + 4 * 512 * MAX_FILES as u64;
/// The longest path of an entry, in bytes.
const LONGEST_PATH: usize = 1024;

/// Unpacks an archive into an empty directory.
pub(super) fn unpack(archive: impl Read, target: &Path) -> Result<(), BundleError> {
    let unwritable = |source| BundleError::Unwritable { path: target.to_owned(), source };
    let root = Dir::open_ambient_dir(target, ambient_authority()).map_err(unwritable)?;
    let mut archive = Archive::new(archive.take(MAX_ARCHIVE));
    let (mut files, mut bytes) = (0, 0_u64);
    for entry in archive.entries().map_err(|error| broken(&error))? {
        let mut entry = entry.map_err(|error| broken(&error))?;
        files += 1;
        if files > MAX_FILES * 2 {
            return Err(BundleError::TooMany);
        }
        let Some(path) = accepted(&entry)? else { continue };
        bytes = bytes.saturating_add(entry.size());
        if bytes > MAX_BYTES {
            return Err(BundleError::TooLarge { largest: vec![(path, entry.size())] });
        }
        let executable = entry.header().mode().is_ok_and(|mode| mode & 0o100 != 0);
        let size = entry.size();
        write(&root, &path, &mut entry, size, executable)?;
    }
    Ok(())
}

/// Writes files that were read already into an empty directory.
pub(super) fn write_all<'a>(
    files: impl Iterator<Item = (&'a str, SentFile<'a>)>,
    target: &Path,
) -> Result<(), BundleError> {
    let unwritable = |source| BundleError::Unwritable { path: target.to_owned(), source };
    let root = Dir::open_ambient_dir(target, ambient_authority()).map_err(unwritable)?;
    for (path, SentFile { mut content, executable }) in files {
        let size = content.len() as u64;
        write(&root, path, &mut content, size, executable)?;
    }
    Ok(())
}

/// The path of an entry that is a plain file; none for a directory, which comes with its files.
fn accepted<R: Read>(entry: &Entry<'_, R>) -> Result<Option<String>, BundleError> {
    let bytes = entry.path_bytes();
    let refused = |reason| {
        let path = String::from_utf8_lossy(&bytes).chars().take(200).collect::<String>();
        BundleError::Entry { path: path.escape_debug().to_string(), reason }
    };
    let path = std::str::from_utf8(&bytes).map_err(|_| refused("its name is not UTF-8 text"))?;
    if path.is_empty() || path.len() > LONGEST_PATH || path.chars().any(char::is_control) {
        return Err(refused("its name is empty, too long or not plain text"));
    }
    let mut parts = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            Component::CurDir => {}
            Component::ParentDir => return Err(refused("its path has `..`")),
            Component::RootDir | Component::Prefix(_) => return Err(refused("its path is absolute")),
        }
    }
    match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous if parts.is_empty() => Err(refused("it has no name")),
        EntryType::Regular | EntryType::Continuous => Ok(Some(parts.join("/"))),
        EntryType::Directory | EntryType::XGlobalHeader => Ok(None),
        EntryType::Symlink | EntryType::Link => Err(refused("it is a link")),
        EntryType::Char | EntryType::Block | EntryType::Fifo => Err(refused("it is a device or a pipe")),
        _ => Err(refused("it is not a plain file")),
    }
}

fn write(root: &Dir, path: &str, content: &mut impl Read, expected: u64, executable: bool) -> Result<(), BundleError> {
    let refused = |reason| BundleError::Entry { path: path.to_owned(), reason };
    let unwritable = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => refused("there are two of that name"),
        io::ErrorKind::NotADirectory => refused("its directory is a file"),
        _ => BundleError::Unwritable { path: path.into(), source },
    };
    if let Some((parent, _)) = path.rsplit_once('/') {
        root.create_dir_all(parent).map_err(unwritable)?;
    }
    let mut file = root.open_with(path, OpenOptions::new().write(true).create_new(true)).map_err(unwritable)?;
    let copied = io::copy(content, &mut file).map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => unwritable(error),
        _ => broken(&error),
    })?;
    if copied != expected {
        return Err(broken(&io::ErrorKind::UnexpectedEof.into()));
    }
    let mode = if executable { 0o755 } else { 0o644 };
    file.set_permissions(cap_std::fs::Permissions::from_std(Permissions::from_mode(mode))).map_err(unwritable)
}

fn broken(error: &io::Error) -> BundleError {
    let text: String = error.to_string().chars().take(200).collect();
    BundleError::Archive { reason: text.escape_debug().to_string() }
}
