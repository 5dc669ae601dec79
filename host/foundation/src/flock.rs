//! Whether a file is locked with `flock`, asked without a lock: whoever takes one to find out keeps another process from
//! taking it.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Whether a process holds the lock of a file now. Reads the kernel's list of all locks (`proc_locks(5)`). False where there
/// is no file; true where the list cannot be read.
#[must_use]
pub fn is_held(file: &Path) -> bool {
    let Ok(file) = std::fs::metadata(file) else { return false };
    let Ok(locks) = std::fs::read_to_string("/proc/locks") else { return true };
    holds(&locks, file.ino())
}

/// Whether a list of locks has a `flock` of the file. A line of one that only waits has `->` in the second column.
fn holds(locks: &str, inode: u64) -> bool {
    let inode = inode.to_string();
    locks.lines().any(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        matches!(columns.as_slice(), [_, "FLOCK", _, _, _, file, ..] if file.rsplit(':').next() == Some(&inode))
    })
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_lock_is_in_the_kernels_list_while_it_is_held_and_not_before_or_after() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kudos.lock");
        assert!(!is_held(&path), "there is no file");
        let file = File::create(&path).unwrap();
        assert!(!is_held(&path));
        file.lock().unwrap();
        assert!(is_held(&path));
        file.unlock().unwrap();
        assert!(!is_held(&path));
        let inode = file.metadata().unwrap().ino();
        let waits = format!(
            "1: -> FLOCK  ADVISORY  WRITE 9 08:01:{inode} 0 EOF\n1: POSIX  ADVISORY  WRITE 9 08:01:{inode} 0 EOF\n"
        );
        assert!(!holds(&waits, inode));
    }
}
