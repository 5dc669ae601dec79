//! What can be wrong with a bundle.

use std::io;
use std::path::PathBuf;

use windlass_foundation::explain::{ExitCode, Explain};

use super::{IGNORE_FILE, MAX_BYTES, MAX_FILES, MAX_SENT_BYTES, MAX_SENT_ENTRIES, RECENT};

/// Why a bundle cannot be made or used. Paths of files are relative to the bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file of the team cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The state directory cannot be written.
    #[error("cannot write `{}`", path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A symbolic link points out of the directory, or nowhere.
    #[error("`{path}` leads out of the application's directory, or nowhere")]
    Escapes {
        /// The link.
        path: String,
    },
    /// Symbolic links make a circle.
    #[error("`{path}` leads back to a directory that it is in")]
    Circle {
        /// The link.
        path: String,
    },
    /// A socket, a pipe or a device.
    #[error("`{path}` is neither a file nor a directory")]
    Special {
        /// The entry.
        path: String,
    },
    /// It belongs to another user.
    #[error("`{path}` belongs to user {user}, and the application's directory to user {owner}")]
    Foreign {
        /// The entry.
        path: String,
        /// Whose it is.
        user: u32,
        /// Whose the directory is.
        owner: u32,
    },
    /// A name that cannot be written in every report.
    #[error("`{path}` has a name that is not plain UTF-8 text")]
    Name {
        /// The name, as far as it can be shown.
        path: String,
    },
    /// More than [`MAX_FILES`] files.
    #[error("the application's directory has more than {MAX_FILES} files")]
    TooMany,
    /// More than [`MAX_BYTES`] bytes.
    #[error("the files of the application's directory have more than {} MiB together", MAX_BYTES >> 20)]
    TooLarge {
        /// The largest files, with their sizes in bytes.
        largest: Vec<(String, u64)>,
    },
    /// The ignore file is malformed.
    #[error("`{IGNORE_FILE}` is malformed: {reason}")]
    Ignore {
        /// What is wrong, with its line.
        reason: String,
    },
    /// A file changed while it was copied.
    #[error("`{path}` changed while it was read")]
    Changed {
        /// The file.
        path: String,
    },
    /// A link in a directory that is made an archive.
    #[error("`{path}` is a symbolic link, and an archive takes none")]
    Link {
        /// The link.
        path: String,
    },
    /// The files of an archive that is made have more than [`MAX_SENT_BYTES`] bytes.
    #[error("the files have more than {} MiB together", MAX_SENT_BYTES >> 20)]
    PackedTooLarge {
        /// The largest files, with their sizes in bytes.
        largest: Vec<(String, u64)>,
    },
    /// An archive that came with a command has more than [`MAX_SENT_BYTES`] bytes.
    #[error("the archive is larger than {} MiB", MAX_SENT_BYTES >> 20)]
    SentTooLarge,
    /// An archive has more than [`MAX_SENT_ENTRIES`] entries.
    #[error("the archive has more than {MAX_SENT_ENTRIES} entries")]
    TooManySent,
    /// An archive is compressed.
    #[error("the archive is compressed with {kind}")]
    Compressed {
        /// How.
        kind: &'static str,
    },
    /// An archive ends before its end.
    #[error("the archive {}", cut_off(after.as_deref()))]
    CutOff {
        /// The last entry that was whole.
        after: Option<String>,
    },
    /// An archive has no release file at its top.
    #[error("the archive has no `release.toml` at its top")]
    NoReleaseFile {
        /// The directory of one that is there.
        below: Option<String>,
    },
    /// An archive holds what no honest one would.
    #[error("the archive's entry `{path}` is refused: {reason}")]
    Entry {
        /// The entry, as far as it can be shown.
        path: String,
        /// Why.
        reason: &'static str,
    },
    /// An archive is broken.
    #[error("the archive cannot be read: {reason}")]
    Archive {
        /// Why, without control characters: the library repeats bytes of the archive.
        reason: String,
    },
    /// There is no such bundle on this host.
    #[error("the bundle {digest} is not on this host")]
    Missing {
        /// Its digest.
        digest: String,
    },
    /// A kept bundle is not what it was.
    #[error("the kept bundle `{}` was changed: {what}", directory.display())]
    Damaged {
        /// Its directory.
        directory: PathBuf,
        /// The first difference.
        what: String,
    },
}

/// Where an archive ends too early.
fn cut_off(after: Option<&str>) -> String {
    match after {
        Some(path) => format!("is cut off after `{}`", path.escape_debug()),
        None => "is empty, or cut off at its beginning".to_owned(),
    }
}

/// Which files are the largest.
fn largest_are(largest: &[(String, u64)]) -> String {
    let list: Vec<_> =
        largest.iter().map(|(path, bytes)| format!("`{path}` ({} MiB)", bytes.div_ceil(1 << 20))).collect();
    format!("name what does not belong to the release in `{IGNORE_FILE}`; the largest: {}", list.join(", "))
}

impl Explain for BundleError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Missing { .. } => ExitCode::NotFound,
            Self::Unwritable { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ExitCode::Unavailable,
                io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => ExitCode::Configuration,
                _ => ExitCode::Unexpected,
            },
            Self::Damaged { .. } => ExitCode::Unexpected,
            _ => ExitCode::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::TooMany | Self::Special { .. } | Self::Name { .. } => {
                Some(format!("name what does not belong to the release in `{IGNORE_FILE}`, as in a `.gitignore`"))
            }
            Self::TooLarge { largest } | Self::PackedTooLarge { largest } => Some(largest_are(largest)),
            Self::Link { .. } => {
                Some(format!("put what it points at in its place, or name it in `{IGNORE_FILE}` to leave it out"))
            }
            Self::SentTooLarge | Self::TooManySent => Some(format!(
                "`windlass bundle` makes one without `.git` and without what `{IGNORE_FILE}` names, as in a `.gitignore`"
            )),
            Self::Compressed { .. } => {
                Some("send it as it is, as `windlass bundle` and `tar c` write it; `ssh -C` compresses on the way".into())
            }
            Self::CutOff { .. } => Some("nothing of it was used; send it once more".into()),
            Self::NoReleaseFile { below: Some(below) } => {
                Some(format!("there is one in `{below}/`: make the archive in there, as with `tar c -C {below} .`"))
            }
            Self::NoReleaseFile { below: None } => {
                Some("make the archive in the application's directory, with `windlass bundle` or `tar c .`".into())
            }
            Self::Escapes { .. } => {
                Some(format!("copy what it points at into the directory, or name it in `{IGNORE_FILE}`"))
            }
            Self::Foreign { path, owner, .. } => Some(format!(
                "everything in it must belong to its owner, to root or to the agent's user: `chown -h {owner} {path}` \
                 once you know who made it, or name it in `{IGNORE_FILE}`"
            )),
            Self::Unwritable { path, source } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    Some(format!("make room on the file system of `{}`, then try again", path.display()))
                }
                io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Some(
                    "the agent must be able to write its state directory: set `state-directory` in agent.toml, or run it as the directory's owner".into(),
                ),
                _ => None,
            },
            Self::Changed { .. } => Some("try again when nothing writes there".into()),
            Self::Missing { .. } => Some(format!(
                "bundles stay while a release is kept for going back (`keep-releases` in agent.toml), pinned or in an open \
                 deployment, and those of plans for {} days: plan or deploy again from the application's directory or from \
                 the release's file",
                RECENT.as_secs() / 86_400
            )),
            Self::Damaged { .. } => Some(
                "deploy the release once more from its directory or its file: what differs is then written anew; and find \
                 out who wrote there"
                    .into(),
            ),
            _ => None,
        }
    }
}
