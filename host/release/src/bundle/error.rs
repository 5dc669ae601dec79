//! What can be wrong with a bundle.

use std::io;
use std::path::PathBuf;

use windlass_foundation::explain::{ExitCode, Explain};

use super::{IGNORE_FILE, MAX_BYTES, MAX_FILES, RECENT};

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
            Self::TooLarge { largest } => {
                let list: Vec<_> =
                    largest.iter().map(|(path, bytes)| format!("`{path}` ({} MiB)", bytes.div_ceil(1 << 20))).collect();
                Some(format!(
                    "name what does not belong to the release in `{IGNORE_FILE}`; the largest: {}",
                    list.join(", ")
                ))
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
