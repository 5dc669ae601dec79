//! The files of a tar archive that came with a command, whoever sent it.
//!
//! The archive lies in memory, and what counts in it is decided here, block by block, by one reader: plain files and directories
//! with relative paths, each once, up to an end that is there. Everything else is refused by the entry's name. Nothing is
//! written here, and nothing of an archive is used before all of it was read.

use std::collections::BTreeMap;

use tar::{EntryType, Header};

use super::error::BundleError;
use super::{MAX_SENT_BYTES, MAX_SENT_ENTRIES, pax};
use crate::application::RELEASE_FILE;

/// The size of everything in an archive, in bytes.
const BLOCK: usize = 512;
/// The longest path of an entry, in bytes.
const LONGEST_PATH: usize = 1024;
/// The longest part of a path, in bytes: file systems have no longer one.
const LONGEST_NAME: usize = 255;
/// How many directories deep a file may lie.
const MAX_DEPTH: usize = 16;
/// How compressed data begin.
const COMPRESSED: [(&[u8], &str); 5] = [
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"PK\x03\x04", "zip"),
];

/// A file of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SentFile<'a> {
    /// What is in it.
    pub(super) content: &'a [u8],
    /// Whether its owner may execute it.
    pub(super) executable: bool,
}

/// The files of an archive, by their paths.
#[derive(Debug)]
pub struct Sent<'a> {
    files: BTreeMap<String, SentFile<'a>>,
}

/// What was read of an archive so far.
#[derive(Default)]
struct Reading<'a> {
    files: BTreeMap<String, SentFile<'a>>,
    /// Every directory, whether it has an entry of its own or only lies on a path.
    directories: std::collections::BTreeSet<String>,
    entries: usize,
    /// What entries say about the one that follows them.
    coming: Coming<'a>,
}

/// What is said about the entry that follows.
#[derive(Default)]
struct Coming<'a> {
    /// Its name, where it is too long for a header.
    name: Option<&'a [u8]>,
    /// Its extended header was there.
    extended: bool,
    /// It is a link with a long target.
    link: bool,
}

impl<'a> Sent<'a> {
    /// Reads an archive.
    ///
    /// # Errors
    /// When it is too large, compressed, cut off or no archive, or has an entry that is not accepted.
    pub fn read(archive: &'a [u8]) -> Result<Self, BundleError> {
        if archive.len() as u64 > MAX_SENT_BYTES {
            return Err(BundleError::SentTooLarge);
        }
        if archive.is_empty() {
            return Err(BundleError::CutOff { after: None });
        }
        if let Some((_, kind)) = COMPRESSED.iter().find(|(begins, _)| archive.starts_with(begins)) {
            return Err(BundleError::Compressed { kind });
        }
        let mut reading = Reading::default();
        let mut last = None;
        let mut at = 0;
        loop {
            let cut = || BundleError::CutOff { after: last.clone() };
            let block = archive.get(at..at + BLOCK).ok_or_else(cut)?;
            if block.iter().all(|byte| *byte == 0) {
                ended(&archive[at..], cut)?;
                break;
            }
            let header = Header::from_byte_slice(block);
            let size = size(header, at == 0)?;
            let begin = at + BLOCK;
            let content = begin.checked_add(size).and_then(|end| archive.get(begin..end)).ok_or_else(cut)?;
            if let Some(path) = reading.take(header, content)? {
                last = Some(path);
            }
            at = begin + size.next_multiple_of(BLOCK);
        }
        if reading.coming.is_something() {
            return Err(BundleError::CutOff { after: last });
        }
        Ok(Self { files: reading.files })
    }

    /// The content of its release file.
    ///
    /// # Errors
    /// When it has none at its top.
    pub fn release_file(&self) -> Result<&'a [u8], BundleError> {
        let found = self.files.get(RELEASE_FILE).map(|file| file.content);
        found.ok_or_else(|| {
            let below = self.files.keys().filter_map(|path| path.strip_suffix(RELEASE_FILE)?.strip_suffix('/'));
            BundleError::NoReleaseFile { below: below.min_by_key(|path| path.len()).map(str::to_owned) }
        })
    }

    /// The paths of its files, in order.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Its files, by their paths.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, SentFile<'a>)> {
        self.files.iter().map(|(path, file)| (path.as_str(), *file))
    }
}

impl Coming<'_> {
    fn is_something(&self) -> bool {
        self.name.is_some() || self.extended || self.link
    }
}

impl<'a> Reading<'a> {
    /// Takes an entry. Its path where it is a file or a directory.
    fn take(&mut self, header: &Header, content: &'a [u8]) -> Result<Option<String>, BundleError> {
        let of_header = header.path_bytes();
        let coming = &mut self.coming;
        let twice = || entry(&of_header, "two names are said of the entry that follows");
        match header.entry_type() {
            EntryType::GNULongName => {
                let name = content.strip_suffix(b"\0").unwrap_or(content);
                return if coming.name.replace(name).is_some() { Err(twice()) } else { Ok(None) };
            }
            EntryType::XHeader => {
                if std::mem::replace(&mut coming.extended, true) {
                    return Err(entry(&of_header, "two extended headers are said of the entry that follows"));
                }
                let said = pax::of_entry(content).map_err(|reason| entry(&of_header, reason))?;
                return match said {
                    Some(name) if coming.name.replace(name).is_some() => Err(twice()),
                    _ => Ok(None),
                };
            }
            EntryType::XGlobalHeader => {
                return pax::of_all(content).map_err(|reason| entry(&of_header, reason)).map(|()| None);
            }
            EntryType::GNULongLink => {
                coming.link = true;
                return Ok(None);
            }
            _ => {}
        }
        let coming = std::mem::take(coming);
        let named = coming.name.unwrap_or(&of_header);
        self.entries += 1;
        if self.entries > MAX_SENT_ENTRIES {
            return Err(BundleError::TooManySent);
        }
        let refused = |reason| entry(named, reason);
        let is_directory = match header.entry_type() {
            EntryType::Directory => true,
            EntryType::Regular if !coming.link => false,
            EntryType::Symlink | EntryType::Link | EntryType::Regular => {
                return Err(refused("it is a link; put what it points at in its place, or leave it out"));
            }
            EntryType::Char | EntryType::Block | EntryType::Fifo => return Err(refused("it is a device or a pipe")),
            EntryType::GNUSparse => return Err(refused("it is a sparse file; make the archive without `--sparse`")),
            _ => return Err(refused("it is neither a plain file nor a directory")),
        };
        if !is_plain(&header.as_old().name) {
            return Err(refused("its name goes on after its end"));
        }
        if is_directory && !content.is_empty() {
            return Err(refused("it is a directory with a content"));
        }
        let Some(path) = path(named, is_directory).map_err(refused)? else { return Ok(None) };
        self.place(&path, is_directory).map_err(refused)?;
        if !is_directory {
            let executable = header.mode().is_ok_and(|mode| mode & 0o100 != 0);
            self.files.insert(path.clone(), SentFile { content, executable });
        }
        Ok(Some(path))
    }

    /// Whether a path is still free, and everything above it a directory.
    fn place(&mut self, path: &str, is_directory: bool) -> Result<(), &'static str> {
        for (end, _) in path.match_indices('/') {
            if self.files.contains_key(&path[..end]) {
                return Err("its directory is a file");
            }
            self.directories.insert(path[..end].to_owned());
        }
        if self.files.contains_key(path) || !is_directory && self.directories.contains(path) {
            return Err("there are two of that name");
        }
        if is_directory {
            self.directories.insert(path.to_owned());
        }
        Ok(())
    }
}

/// An entry that is refused, named as far as it can be shown.
fn entry(path: &[u8], reason: &'static str) -> BundleError {
    let shown: String = String::from_utf8_lossy(path).chars().take(200).collect();
    BundleError::Entry { path: shown.escape_debug().to_string(), reason }
}

/// The size that a header says, in bytes, where it is one.
fn size(header: &Header, is_first: bool) -> Result<usize, BundleError> {
    let bytes = header.as_bytes();
    // The field of the checksum itself counts as blanks.
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    let found = sum(&bytes[..148]) + 8 * u32::from(b' ') + sum(&bytes[156..]);
    if !header.cksum().is_ok_and(|said| said == found) {
        let reason = if is_first { "it is no tar archive" } else { "a header of it is broken" };
        return Err(BundleError::Archive { reason: reason.to_owned() });
    }
    let size = header.entry_size().ok().and_then(|size| usize::try_from(size).ok());
    // What is larger than all that there may be is cut off, and no sum with it can overflow.
    size.filter(|size| *size as u64 <= MAX_SENT_BYTES).ok_or_else(|| entry(&header.path_bytes(), "its size is none"))
}

/// Whether a field of a header is a text and nothing after its end.
fn is_plain(field: &[u8]) -> bool {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    field[end..].iter().all(|byte| *byte == 0)
}

/// Whether an archive ends here, with two blocks of nothing and no more than that.
fn ended(rest: &[u8], cut: impl Fn() -> BundleError) -> Result<(), BundleError> {
    if rest.len() < 2 * BLOCK {
        return Err(cut());
    }
    if rest.iter().any(|byte| *byte != 0) {
        return Err(BundleError::Archive { reason: "something follows its end".to_owned() });
    }
    Ok(())
}

/// The path of an entry below the top; none for the top itself.
fn path(bytes: &[u8], is_directory: bool) -> Result<Option<String>, &'static str> {
    let path = std::str::from_utf8(bytes).map_err(|_| "its name is not UTF-8 text")?;
    if path.is_empty() || path.len() > LONGEST_PATH || path.chars().any(char::is_control) {
        return Err("its name is empty, too long or not plain text");
    }
    if path.starts_with('/') {
        return Err("its path is absolute");
    }
    let path = if is_directory { path.strip_suffix('/').unwrap_or(path) } else { path };
    if is_directory && path == "." {
        return Ok(None);
    }
    let path = path.strip_prefix("./").unwrap_or(path);
    let parts: Vec<&str> = path.split('/').collect();
    for part in &parts {
        match *part {
            ".." => return Err("its path has `..`"),
            "" | "." => return Err("a part of its path is empty or `.`"),
            part if part.len() > LONGEST_NAME => return Err("a part of its path is longer than 255 bytes"),
            _ => {}
        }
    }
    if parts.len() > MAX_DEPTH + usize::from(!is_directory) {
        return Err("it lies deeper than 16 directories");
    }
    Ok(Some(path.to_owned()))
}

#[cfg(test)]
#[path = "sent_tests.rs"]
mod tests;
