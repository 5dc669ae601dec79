//! Whether a program is one that only root and the agent's user can have put there.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

/// The most links of one path, as in the kernel.
const LINKS: usize = 40;

/// Looks at the file that a path means, and at every directory and every link on the way to it.
pub(super) fn check(path: &Path) -> Result<(), String> {
    below(path, Path::new("/"))
}

/// The same, trusting what is above `top`.
fn below(path: &Path, top: &Path) -> Result<(), String> {
    let mut waiting = VecDeque::new();
    add(&mut waiting, path);
    let (mut here, mut links) = (PathBuf::from("/"), 0);
    loop {
        if here.starts_with(top) {
            trusted(&here, &look(&here)?)?;
        }
        let Some(name) = waiting.pop_front() else { return Err("is a directory".to_owned()) };
        if name == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&name);
        let metadata = look(&next)?;
        if metadata.is_symlink() {
            links += 1;
            if links > LINKS {
                return Err("has too many symbolic links".to_owned());
            }
            owned(&next, &metadata)?;
            let target = fs::read_link(&next).map_err(|error| format!("cannot be looked at: {error}"))?;
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            add(&mut waiting, &target);
        } else if metadata.is_dir() {
            here = next;
        } else {
            return if waiting.is_empty() { program(&next, &metadata) } else { Err("cannot be found".to_owned()) };
        }
    }
}

/// Puts the parts of a path in front of what waits.
fn add(waiting: &mut VecDeque<OsString>, path: &Path) {
    for part in path.components().rev() {
        match part {
            Component::Normal(name) => waiting.push_front(name.to_owned()),
            Component::ParentDir => waiting.push_front(OsString::from("..")),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
}

fn look(path: &Path) -> Result<Metadata, String> {
    fs::symlink_metadata(path).map_err(|error| format!("cannot be found: {error}"))
}

fn program(path: &Path, metadata: &Metadata) -> Result<(), String> {
    if !metadata.is_file() {
        return Err("is not a regular file".to_owned());
    }
    trusted(path, metadata)?;
    if metadata.mode() & 0o111 == 0 { Err("is not executable".to_owned()) } else { Ok(()) }
}

/// Whether only root and the agent's user can change it, or what is in it.
fn trusted(path: &Path, metadata: &Metadata) -> Result<(), String> {
    owned(path, metadata)?;
    let who = match metadata.mode() {
        // The sticky bit does not help: it stops a user from replacing another user's file, but every user can still
        // create a file under a new name.
        mode if mode & 0o002 != 0 => "every user".to_owned(),
        mode if mode & 0o020 != 0 => format!("the group {}", metadata.gid()),
        _ => return Ok(()),
    };
    Err(format!("is not trusted: {who} can write `{}` (mode {:04o})", path.display(), metadata.mode() & 0o7777))
}

fn owned(path: &Path, metadata: &Metadata) -> Result<(), String> {
    let agent = rustix::process::geteuid().as_raw();
    if metadata.uid() == 0 || metadata.uid() == agent {
        return Ok(());
    }
    Err(format!("is not trusted: `{}` belongs to user {}", path.display(), metadata.uid()))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, lchown, symlink};

    use super::*;

    #[test]
    fn each_directory_and_each_link_on_the_way_is_looked_at() {
        let place = tempfile::tempdir().unwrap();
        let top = place.path().canonicalize().unwrap();
        for directory in ["bin/deep", "open/inner", "elsewhere"] {
            fs::create_dir_all(top.join(directory)).unwrap();
        }
        let set = |path: &str, mode| fs::set_permissions(top.join(path), Permissions::from_mode(mode)).unwrap();
        for program in ["bin/deep/run", "open/inner/run", "elsewhere/run"] {
            fs::write(top.join(program), "#!/bin/sh\n").unwrap();
            set(program, 0o755);
        }
        for directory in ["", "bin", "bin/deep", "open", "open/inner", "elsewhere"] {
            set(directory, 0o755);
        }
        for (link, target) in [
            ("bin/relative", "deep/run"),
            ("bin/open", "../open/inner/run"),
            ("open/good", "../elsewhere/run"),
            ("bin/twice", "../open/good"),
            ("bin/circle", "circle"),
        ] {
            symlink(target, top.join(link)).unwrap();
        }
        let check = |path: &str| below(&top.join(path), &top);
        for path in ["bin/deep/run", "bin/relative", "bin/open", "open/good", "bin/twice"] {
            check(path).unwrap_or_else(|why| panic!("{path}: {why}"));
        }
        // Sticky or not, by the group or by all: the directory is named, also where only a link leads through it.
        for mode in [0o775, 0o777, 0o1777, 0o1775, 0o2775] {
            set("open", mode);
            for path in ["open/inner/run", "bin/open", "open/good", "bin/twice"] {
                let why = check(path).unwrap_err();
                assert!(why.contains(&format!("`{}`", top.join("open").display())), "{mode:o} {path}: {why}");
            }
            check("bin/deep/run").unwrap();
        }
        set("open", 0o755);
        for (mode, word) in [(0o775, "the group"), (0o757, "every user"), (0o644, "not executable")] {
            set("bin/deep/run", mode);
            for path in ["bin/deep/run", "bin/relative"] {
                assert!(check(path).unwrap_err().contains(word), "{mode:o} {path}");
            }
        }
        for (path, word) in
            [("bin", "directory"), ("bin/none", "found"), ("elsewhere/run/x", "found"), ("bin/circle", "links")]
        {
            assert!(check(path).unwrap_err().contains(word), "{path}: {:?}", check(path));
        }
        if rustix::process::geteuid().is_root() {
            lchown(top.join("bin/twice"), Some(65_534), None).unwrap();
            assert!(check("bin/twice").unwrap_err().contains("belongs to user 65534"));
            lchown(top.join("open/inner"), Some(65_534), None).unwrap();
            assert!(check("bin/open").unwrap_err().contains("open/inner` belongs to user 65534"));
        }
    }
}
