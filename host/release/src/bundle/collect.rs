//! Walks an application's directory and finds the files of its bundle.
//!
//! Every path is opened beneath the directory by the operating system's leave (cap-std), so that a link that is
//! exchanged between looking and opening leads nowhere; and everything must belong to those whose files count there.

use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, File, MetadataExt as _, OpenOptions, OpenOptionsExt as _};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use windlass_domain::Bundle;
use windlass_foundation::regular;

use super::digest::{self, Entries, Entry};
use super::error::BundleError;
use super::{IGNORE_FILE, MAX_BYTES, MAX_FILES};
use crate::application::RELEASE_FILE;
use crate::directory::{DirectoryError, Owners, TeamDirectory};

/// The largest ignore file, in bytes.
const MAX_IGNORE: u64 = 64 << 10;
/// How deep directories may be nested.
const MAX_DEPTH: usize = 64;

/// The files of a directory.
#[derive(Debug)]
pub(super) struct Collected {
    /// The directory, open.
    pub(super) root: Dir,
    /// Its path, for errors.
    pub(super) path: PathBuf,
    /// Its files.
    pub(super) entries: Entries,
    /// What was left out; a directory with a `/` at its end.
    pub(super) left_out: Vec<String>,
}

/// What becomes of symbolic links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    /// They stand for what they point at, inside of the directory.
    Followed,
    /// There may be none.
    Refused,
}

impl Collected {
    pub(super) fn bundle(&self) -> Bundle {
        digest::bundle(&self.entries)
    }
}

/// Opens a directory for a bundle.
pub(super) fn team(directory: &Path) -> Result<TeamDirectory, BundleError> {
    TeamDirectory::open(directory).map_err(unopened)
}

/// Why a directory cannot be opened.
pub(super) fn unopened(error: DirectoryError) -> BundleError {
    match error {
        DirectoryError::Unreadable { path, source } => BundleError::Unreadable { path, source },
        // Nothing else keeps a directory from being opened.
        other => BundleError::Unreadable { path: PathBuf::new(), source: io::Error::other(other) },
    }
}

/// Finds all files of a directory that belong to a bundle.
pub(super) fn collect(team: &TeamDirectory) -> Result<Collected, BundleError> {
    walk(team, Links::Followed)
}

/// The same, with or without links.
pub(super) fn walk(team: &TeamDirectory, links: Links) -> Result<Collected, BundleError> {
    let directory = team.path();
    let root =
        team.dir().try_clone().map_err(|source| BundleError::Unreadable { path: directory.to_owned(), source })?;
    let mut walk = Walk {
        root: &root,
        path: directory,
        owners: team.owners(),
        ignored: ignored(team)?,
        links,
        entries: Entries::new(),
        left_out: Vec::new(),
        bytes: 0,
    };
    walk.directory("", &mut Vec::new())?;
    let (entries, left_out) = (walk.entries, walk.left_out);
    Ok(Collected { root, path: directory.to_owned(), entries, left_out })
}

/// Opens a file of a bundle for reading. Never waits for the other end of a pipe.
pub(super) fn open(root: &Dir, path: &str) -> io::Result<File> {
    root.open_with(path, OpenOptions::new().read(true).custom_flags(regular::flags()))
}

struct Walk<'a> {
    root: &'a Dir,
    path: &'a Path,
    owners: Owners,
    ignored: Gitignore,
    links: Links,
    entries: Entries,
    left_out: Vec<String>,
    bytes: u64,
}

impl Walk<'_> {
    /// Visits a directory of the bundle; `above` holds device and inode of each directory on the way to it.
    fn directory(&mut self, path: &str, above: &mut Vec<(u64, u64)>) -> Result<(), BundleError> {
        let here = if path.is_empty() { "." } else { path };
        let unreadable = |source| self.failed(path, source);
        let metadata = self.root.metadata(here).map_err(unreadable)?;
        self.own(path, metadata.uid())?;
        let identity = (metadata.dev(), metadata.ino());
        if above.contains(&identity) || above.len() >= MAX_DEPTH {
            return Err(BundleError::Circle { path: path.to_owned() });
        }
        above.push(identity);
        let mut names = Vec::new();
        for entry in self.root.read_dir(here).map_err(unreadable)? {
            names.push(plain(path, &entry.map_err(unreadable)?.file_name())?);
        }
        names.sort_unstable();
        for name in names {
            let child = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            self.entry(child, &name, above)?;
        }
        above.pop();
        Ok(())
    }

    fn entry(&mut self, path: String, name: &str, above: &mut Vec<(u64, u64)>) -> Result<(), BundleError> {
        let link = self.root.symlink_metadata(&path).map_err(|source| self.failed(&path, source))?;
        // What is left out is not followed, so that a link out of the directory can be left out too.
        if name == ".git" || self.is_ignored(&path, link.is_dir()) {
            self.left_out.push(if link.is_dir() { format!("{path}/") } else { path });
            return Ok(());
        }
        if link.is_symlink() && self.links == Links::Refused {
            return Err(BundleError::Link { path });
        }
        let metadata = self.root.metadata(&path).map_err(|source| self.failed(&path, source))?;
        if metadata.is_dir() {
            return if self.is_ignored(&path, true) { Ok(()) } else { self.directory(&path, above) };
        }
        if !metadata.is_file() {
            return Err(BundleError::Special { path });
        }
        self.own(&path, metadata.uid())?;
        self.bytes = self.bytes.saturating_add(metadata.len());
        if self.entries.len() >= MAX_FILES {
            return Err(BundleError::TooMany);
        }
        if self.bytes > MAX_BYTES {
            return Err(self.too_large(path, metadata.len()));
        }
        let mut file = open(self.root, &path).map_err(|source| self.failed(&path, source))?;
        // The file may have been exchanged since it was examined. So the opened file must be a plain file as well, and
        // belong to a user whose files are accepted.
        let opened = file.metadata().map_err(|source| self.failed(&path, source))?;
        if !opened.is_file() {
            return Err(BundleError::Special { path });
        }
        self.own(&path, opened.uid())?;
        // A file that grows while it is read must not pass the limit either.
        let (digest, size) = digest::copy(&mut (&mut file).take(metadata.len() + 1), &mut io::sink())
            .map_err(|source| self.failed(&path, source))?;
        if size != metadata.len() {
            return Err(BundleError::Changed { path });
        }
        let executable = metadata.mode() & 0o100 != 0;
        self.entries.insert(path, Entry { digest, size, executable });
        Ok(())
    }

    fn own(&self, path: &str, user: u32) -> Result<(), BundleError> {
        if self.owners.include(user) {
            return Ok(());
        }
        Err(BundleError::Foreign { path: path.to_owned(), user, owner: self.owners.directory })
    }

    fn is_ignored(&self, path: &str, directory: bool) -> bool {
        path != RELEASE_FILE && self.ignored.matched(path, directory).is_ignore()
    }

    fn failed(&self, path: &str, source: io::Error) -> BundleError {
        // cap-std answers "permission denied" when a path leads out of the directory; a dangling link is not found.
        let link = self.root.symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        match source.kind() {
            _ if source.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                BundleError::Circle { path: path.to_owned() }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound if link => {
                BundleError::Escapes { path: path.to_owned() }
            }
            _ => BundleError::Unreadable { path: self.path.join(path), source },
        }
    }

    fn too_large(&self, path: String, size: u64) -> BundleError {
        let all = self.entries.iter().map(|(path, entry)| (path.clone(), entry.size));
        BundleError::TooLarge { largest: largest_of(all.chain([(path, size)])) }
    }
}

/// The largest of these files, with their sizes.
pub(super) fn largest(entries: &Entries) -> Vec<(String, u64)> {
    largest_of(entries.iter().map(|(path, entry)| (path.clone(), entry.size)))
}

fn largest_of(files: impl Iterator<Item = (String, u64)>) -> Vec<(String, u64)> {
    let mut largest: Vec<_> = files.collect();
    largest.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    largest.truncate(3);
    largest
}

/// A name that can be written on a line of a report, and of the digest.
fn plain(directory: &str, name: &OsStr) -> Result<String, BundleError> {
    match name.to_str() {
        Some(name) if !name.chars().any(char::is_control) => Ok(name.to_owned()),
        _ => Err(BundleError::Name {
            path: Path::new(directory).join(name).to_string_lossy().escape_debug().to_string(),
        }),
    }
}

fn ignored(team: &TeamDirectory) -> Result<Gitignore, BundleError> {
    if !team.has(IGNORE_FILE) {
        return Ok(Gitignore::empty());
    }
    let text = team.read(IGNORE_FILE, MAX_IGNORE).map_err(|error| match error {
        DirectoryError::Unreadable { path, source } => BundleError::Unreadable { path, source },
        DirectoryError::TooLarge { .. } => {
            BundleError::Ignore { reason: format!("it is larger than {} KiB", MAX_IGNORE >> 10) }
        }
        DirectoryError::Outside { .. } => BundleError::Escapes { path: IGNORE_FILE.to_owned() },
        DirectoryError::Special { .. } => BundleError::Special { path: IGNORE_FILE.to_owned() },
        DirectoryError::Foreign { user, owner, .. } => {
            BundleError::Foreign { path: IGNORE_FILE.to_owned(), user, owner }
        }
    })?;
    let text =
        String::from_utf8(text).map_err(|_| BundleError::Ignore { reason: "it is not UTF-8 text".to_owned() })?;
    let mut builder = GitignoreBuilder::new("");
    for (number, line) in text.lines().enumerate() {
        builder
            .add_line(None, line)
            .map_err(|error| BundleError::Ignore { reason: format!("line {}: {error}", number + 1) })?;
    }
    builder.build().map_err(|error| BundleError::Ignore { reason: error.to_string() })
}
