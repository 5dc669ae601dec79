//! Whether a kept bundle is still exactly what was kept: its files and no others, plain ones, with the modes and the
//! owner that they were given. What is not is put right where that is possible: what does not belong there is removed,
//! modes and owners are set again, and files are written anew from the release's own directory where it is at hand, or else
//! from another kept bundle that has the very file.
//!
//! It is done in place, file by file, so that a container that mounts a directory of the bundle sees it whole again.

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::{fs, str};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _};
use sha2::{Digest as _, Sha256};

use super::collect::{self, Collected};
use super::digest::{self, Entries, Entry};
use super::error::BundleError;
use super::store::{self, DIRECTORY, FILE, PROGRAM, directories, make_removable};
use super::{MAX_BYTES, MAX_FILES};

/// How deep directories are looked into: those of a bundle are not deeper.
const MAX_DEPTH: usize = 64;

/// What was found in a kept bundle.
#[derive(Debug, Default)]
struct Look {
    entries: Entries,
    /// The first thing that is not as it was kept.
    odd: Option<String>,
    bytes: u64,
    seen: usize,
}

impl Look {
    fn odd(&mut self, what: String) {
        self.odd.get_or_insert(what);
    }
}

/// Verifies a kept bundle, and puts it right when it is not what was kept. `files` are the files that belong to it by
/// path, where they are known; `source` is where they come from, where it is at hand.
pub(super) fn verify(
    directory: &Path,
    digest: &str,
    files: Option<&BTreeMap<String, String>>,
    source: Option<&Collected>,
) -> Result<Entries, BundleError> {
    let found = judge(look(directory), digest);
    let Err(what) = found else { return found.map_err(|what| damaged(directory, what)) };
    tracing::warn!(bundle = %directory.display(), what, "a kept bundle was changed; it is put right");
    put_right(directory, files, source)
        .map_err(|error| damaged(directory, format!("{what}, and it cannot be put right: {error}")))?;
    judge(look(directory), digest).map_err(|what| damaged(directory, what))
}

fn damaged(directory: &Path, what: String) -> BundleError {
    BundleError::Damaged { directory: directory.to_owned(), what }
}

fn judge(look: io::Result<Look>, digest: &str) -> Result<Entries, String> {
    let look = look.map_err(|error| error.to_string())?;
    let now = digest::bundle(&look.entries).digest;
    match look.odd {
        Some(what) => Err(what),
        None if now == digest => Ok(look.entries),
        None => Err(format!("its files give {now}")),
    }
}

/// A hash that changes whenever anything of the bundle changes, contents included: only the kernel sets the time of a
/// change, so no process can forge it. Computing it is much quicker than reading all files.
pub(super) fn stamp(directory: &Path) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(path) = waiting.pop() {
        let metadata = fs::symlink_metadata(&path)?;
        let facts = [
            metadata.dev(),
            metadata.ino(),
            u64::from(metadata.mode()),
            u64::from(metadata.uid()),
            u64::from(metadata.gid()),
            metadata.nlink(),
            metadata.size(),
        ];
        let times = [metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec()];
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(format!("\0{facts:?}{times:?}\n"));
        if metadata.is_dir() {
            let mut below: Vec<PathBuf> =
                fs::read_dir(&path)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
            below.sort_unstable();
            waiting.extend(below);
        }
    }
    Ok(hash.finalize().into())
}

fn look(directory: &Path) -> io::Result<Look> {
    let root = Dir::open_ambient_dir(directory, ambient_authority())?;
    let mut look = Look::default();
    look_into(&root, "", 0, &mut look)?;
    Ok(look)
}

fn look_into(root: &Dir, path: &str, depth: usize, look: &mut Look) -> io::Result<()> {
    let here = if path.is_empty() { "." } else { path };
    judge_mode(here, &root.symlink_metadata(here)?, &[DIRECTORY], look);
    let mut empty = true;
    for entry in root.read_dir(here)? {
        empty = false;
        let name = entry?.file_name();
        look.seen += 1;
        if look.seen > 2 * MAX_FILES || depth > MAX_DEPTH {
            look.odd(format!("`{here}` has more in it than any bundle"));
            return Ok(());
        }
        let Some(name) = name.to_str() else {
            look.odd(format!("`{}` does not belong to it", name.to_string_lossy().escape_debug()));
            continue;
        };
        let child = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        let metadata = root.symlink_metadata(&child)?;
        if metadata.is_dir() {
            look_into(root, &child, depth + 1, look)?;
        } else if metadata.is_file() {
            look_at(root, child, &metadata, look)?;
        } else {
            look.odd(format!("`{}` is neither a file nor a directory", child.escape_debug()));
        }
    }
    if empty && !path.is_empty() {
        look.odd(format!("the directory `{}` is empty", path.escape_debug()));
    }
    Ok(())
}

fn look_at(root: &Dir, path: String, metadata: &Metadata, look: &mut Look) -> io::Result<()> {
    judge_mode(&path, metadata, &[FILE, PROGRAM], look);
    if metadata.nlink() != 1 {
        look.odd(format!("`{}` has a second name", path.escape_debug()));
    }
    look.bytes = look.bytes.saturating_add(metadata.len());
    if look.bytes > MAX_BYTES {
        look.odd(format!("`{}` makes it larger than any bundle", path.escape_debug()));
        return Ok(());
    }
    let (digest, size) = digest::copy(&mut open(root, &path)?.take(metadata.len()), &mut io::sink())?;
    look.entries.insert(path, Entry { digest, size, executable: metadata.mode() & 0o100 != 0 });
    Ok(())
}

fn judge_mode(path: &str, metadata: &Metadata, modes: &[u32], look: &mut Look) {
    let mode = metadata.mode() & 0o7777;
    if !modes.contains(&mode) {
        look.odd(format!("`{}` has the mode {mode:04o}", path.escape_debug()));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        look.odd(format!("`{}` belongs to user {}", path.escape_debug(), metadata.uid()));
    }
}

/// Opens the file itself, never what a link leads to, and without waiting for the other end of a pipe.
fn open(root: &Dir, path: &str) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
    root.open_with(path, OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()))
}

fn put_right(
    directory: &Path,
    files: Option<&BTreeMap<String, String>>,
    source: Option<&Collected>,
) -> Result<(), BundleError> {
    let failed = |source| BundleError::Unwritable { path: directory.to_owned(), source };
    // The directories become writable for the agent's user first. `clean` then removes what does not belong there and
    // resets the modes of the rest, which also clears set-uid bits.
    make_removable(directory);
    clean(directory, directory, files).map_err(failed)?;
    let (root, now) = (Dir::open_ambient_dir(directory, ambient_authority()).map_err(failed)?, look(directory));
    let now = now.map_err(failed)?.entries;
    for (path, entry) in source.iter().flat_map(|source| &source.entries) {
        if now.get(path) != Some(entry)
            && let Some(source) = source
        {
            let unreadable = |error| BundleError::Unreadable { path: source.path.join(path), source: error };
            let from = collect::open(&source.root, path).map_err(unreadable)?;
            let copied = write(&root, directory, path, from, entry.executable).map_err(failed)?;
            if copied != entry.digest {
                return Err(BundleError::Changed { path: path.clone() });
            }
        }
    }
    if let (None, Some(files)) = (source, files) {
        for (path, digest) in files {
            if now.get(path).is_none_or(|entry| entry.digest != *digest) {
                from_another(&root, directory, path, digest).map_err(failed)?;
            }
        }
    }
    for directory in directories(directory) {
        let set = fs::set_permissions(&directory, Permissions::from_mode(DIRECTORY));
        set.and_then(|()| fs::File::open(&directory)?.sync_all()).map_err(failed)?;
    }
    Ok(())
}

/// Writes a file anew from another bundle that has it, if one does: releases of one application share most files.
fn from_another(root: &Dir, directory: &Path, path: &str, wanted: &str) -> io::Result<()> {
    let all = directory.parent().unwrap_or(directory);
    for digest in store::list(all) {
        let Ok(place) = store::place(all, &digest) else { continue };
        if place == directory {
            continue;
        }
        let Ok(other) = Dir::open_ambient_dir(&place, ambient_authority()) else { continue };
        let Ok(metadata) = other.symlink_metadata(path) else { continue };
        if !metadata.is_file() || metadata.len() > MAX_BYTES {
            continue;
        }
        let (found, _) = digest::copy(&mut open(&other, path)?.take(metadata.len()), &mut io::sink())?;
        if found == wanted {
            let from = open(&other, path)?;
            // What was written is verified with all the rest.
            return write(root, directory, path, from, metadata.mode() & 0o100 != 0).map(drop);
        }
    }
    Ok(())
}

/// Removes what does not belong to the bundle, and gives the rest its modes and its owner.
fn clean(top: &Path, directory: &Path, files: Option<&BTreeMap<String, String>>) -> io::Result<()> {
    own(directory)?;
    let mut left = false;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let inside = path.strip_prefix(top).ok().and_then(Path::to_str);
        let belongs = |name: &str| match files {
            None => true,
            Some(files) if kind.is_dir() => {
                let below = format!("{name}/");
                files.range(below.clone()..).next().is_some_and(|(path, _)| path.starts_with(&below))
            }
            Some(files) => files.contains_key(name),
        };
        if !inside.is_some_and(belongs) || !(kind.is_dir() || kind.is_file()) {
            if kind.is_dir() { fs::remove_dir_all(&path)? } else { fs::remove_file(&path)? }
        } else if kind.is_dir() {
            clean(top, &path, files)?;
            left |= path.exists();
        } else {
            settle(&path, &entry.metadata()?)?;
            left = true;
        }
    }
    if !left && directory != top {
        fs::remove_dir(directory)?;
    }
    Ok(())
}

/// Gives a file its mode and its owner; one with a second name becomes a file of its own.
fn settle(path: &Path, metadata: &fs::Metadata) -> io::Result<()> {
    let mode = if metadata.mode() & 0o100 != 0 { PROGRAM } else { FILE };
    if metadata.nlink() != 1 {
        let copy = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new("/")))?;
        fs::copy(path, copy.path())?;
        fs::set_permissions(copy.path(), Permissions::from_mode(mode))?;
        copy.persist(path).map_err(|error| error.error)?;
        return Ok(());
    }
    own(path)?;
    // The owner first: a change of it takes set-uid bits away, and the mode must stay.
    fs::set_permissions(path, Permissions::from_mode(mode))
}

fn own(path: &Path) -> io::Result<()> {
    let agent = rustix::process::geteuid();
    if fs::symlink_metadata(path)?.uid() == agent.as_raw() {
        return Ok(());
    }
    std::os::unix::fs::lchown(path, Some(agent.as_raw()), Some(rustix::process::getegid().as_raw()))
}

/// Writes a file whole and gives it its name, over whatever has it. Returns the digest of what was written.
fn write(root: &Dir, top: &Path, path: &str, mut from: File, executable: bool) -> io::Result<String> {
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    if !parent.is_empty() {
        root.create_dir_all(parent)?;
    }
    let mut file = tempfile::NamedTempFile::new_in(top.join(parent))?;
    let (digest, _) = digest::copy(&mut from, &mut file)?;
    let mode = if executable { PROGRAM } else { FILE };
    file.as_file().set_permissions(Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(top.join(path)).map_err(|error| error.error)?;
    Ok(digest)
}
