//! Files put in their places so that at each moment the old or the new one is there, whole and on the disk.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::UpdateError;

/// What the name of a file has behind it before the file is in its place.
const UNFINISHED: &str = ".new";

/// Writes a file in the place of another, with this mode.
pub(crate) fn put(path: &Path, content: impl Read, mode: u32) -> Result<(), UpdateError> {
    let unfinished = unfinished(path);
    let written = || -> io::Result<()> {
        remove(&unfinished)?;
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        io::copy(&mut { content }, &mut file)?;
        file.flush()?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        sync(path)
    };
    written().map_err(|source| {
        remove(&unfinished).ok();
        UpdateError::Write { path: path.to_owned(), source }
    })
}

/// Copies a file to the place of another, with this mode.
pub(crate) fn copy(from: &Path, to: &Path, mode: u32) -> Result<(), UpdateError> {
    let content = File::open(from).map_err(|source| UpdateError::Read { path: from.to_owned(), source })?;
    put(to, content, mode)
}

/// Gives a file another name on the same file system, in the place of what has it.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), UpdateError> {
    let renamed = fs::rename(from, to).and_then(|()| sync(to));
    renamed.map_err(|source| UpdateError::Write { path: to.to_owned(), source })
}

/// Removes a file, where it is there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether two files have the same content. False where one is missing.
pub(crate) fn are_same(one: &Path, other: &Path) -> bool {
    let same = || -> io::Result<bool> {
        let (mut one, mut other) = (File::open(one)?, File::open(other)?);
        if one.metadata()?.len() != other.metadata()?.len() {
            return Ok(false);
        }
        let (mut left, mut right) = (vec![0; 64 << 10], vec![0; 64 << 10]);
        loop {
            let count = one.read(&mut left)?;
            if count == 0 {
                return Ok(true);
            }
            other.read_exact(&mut right[..count])?;
            if left[..count] != right[..count] {
                return Ok(false);
            }
        }
    };
    same().unwrap_or(false)
}

/// What a process that was killed may have left beside a file.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}{UNFINISHED}"))
}

/// The name of a file stays as it is after a power cut.
fn sync(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_what_a_killed_process_left_is_no_hindrance() {
        let place = tempfile::tempdir().unwrap();
        let (path, other) = (place.path().join("windlass"), place.path().join("other"));
        fs::write(&path, "old").unwrap();
        fs::write(unfinished(&path), "half of the n").unwrap();
        put(&path, &b"new"[..], 0o755).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o755);
        assert!(!unfinished(&path).exists());
        copy(&path, &other, 0o600).unwrap();
        assert!(are_same(&path, &other) && !are_same(&path, &place.path().join("none")));
        fs::write(&other, "neu").unwrap();
        assert!(!are_same(&path, &other));
        let failed = put(&place.path().join("none/x"), &b""[..], 0o600).unwrap_err();
        assert!(failed.to_string().contains("none/x"), "{failed}");
    }
}
