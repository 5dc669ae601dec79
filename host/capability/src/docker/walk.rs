//! Where a host path leads, and through which directories: a process that can write one of them can lead the path
//! elsewhere.
//!
//! The module reads the file system once. Other code judges the result.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

/// The most links of one path, as in the kernel.
const LINKS: usize = 40;

/// A file or directory, whatever it is called: device and inode.
pub(super) type Identity = (u64, u64);

/// A host path, followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    /// Where it leads, without links; what does not exist yet is kept as it is written.
    pub(super) real: PathBuf,
    /// The directories in which its parts, and those of its links, were looked up.
    pub(super) through: BTreeSet<PathBuf>,
}

/// Follows an absolute path without `..` of its own.
pub(super) fn way(path: &Path) -> io::Result<Way> {
    let mut waiting: VecDeque<(OsString, bool)> = VecDeque::new();
    add(&mut waiting, path, false);
    let (mut here, mut through, mut links) = (PathBuf::from("/"), BTreeSet::new(), 0);
    while let Some((name, of_link)) = waiting.pop_front() {
        if name == ".." {
            here.pop();
            continue;
        }
        through.insert(here.clone());
        let next = here.join(&name);
        match fs::symlink_metadata(&next) {
            Ok(metadata) if metadata.is_symlink() => {
                links += 1;
                if links > LINKS {
                    return Err(io::Error::other("it has too many symbolic links"));
                }
                let target = fs::read_link(&next)?;
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                add(&mut waiting, &target, true);
            }
            Ok(_) => here = next,
            // A link to a path that does not exist would lead there once that path is created.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !of_link => here = next,
            Err(error) => return Err(error),
        }
    }
    Ok(Way { real: here, through })
}

/// Puts the parts of a path in front of what waits.
fn add(waiting: &mut VecDeque<(OsString, bool)>, path: &Path, of_link: bool) {
    for part in path.components().rev() {
        match part {
            Component::Normal(name) => waiting.push_front((name.to_owned(), of_link)),
            Component::ParentDir => waiting.push_front((OsString::from(".."), of_link)),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
}

/// Which file or directory is there.
pub(super) fn identity(path: &Path) -> Option<Identity> {
    fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_and_their_directories_are_named() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        fs::create_dir_all(top.join("a/b")).unwrap();
        fs::create_dir_all(top.join("links")).unwrap();
        symlink(top.join("a"), top.join("links/absolute")).unwrap();
        symlink("../a/b", top.join("links/relative")).unwrap();
        symlink("nowhere", top.join("links/dangling")).unwrap();
        symlink("circle", top.join("links/circle")).unwrap();
        let follow = |path: &str| way(&top.join(path));
        for (path, real, through) in [
            ("a/b", "a/b", &["", "a"][..]),
            ("links/absolute/b", "a/b", &["links", "a"][..]),
            ("links/relative", "a/b", &["links", "a"][..]),
            ("a/new/newer", "a/new/newer", &["a", "a/new"][..]),
        ] {
            let found = follow(path).unwrap();
            assert_eq!(found.real, top.join(real), "{path}");
            for directory in through {
                let directory = if directory.is_empty() { top.clone() } else { top.join(directory) };
                assert!(found.through.contains(&directory), "{path}: {directory:?} in {:?}", found.through);
            }
            assert!(!found.through.contains(&top.join(real)), "{path}");
        }
        assert!(follow("links/dangling").is_err());
        assert!(follow("links/dangling/x").is_err());
        assert!(follow("links/circle").is_err());
        assert_eq!(identity(&top.join("links/relative")), identity(&top.join("a/b")));
    }
}
