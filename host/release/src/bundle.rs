//! The bundle of a release: the release file and all files beside it, by content, kept unchanged in the state directory.
//!
//! A deployment, a rollback and every bind mount of a bundle's file use the kept copy, never the team's directory, which
//! may change at any time. What is in the files is not known here.

mod collect;
mod digest;
mod error;
mod pack;
mod pax;
mod sent;
mod store;
mod sweep;
mod unpack;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use windlass_domain::Bundle;

use super::directory::TeamDirectory;

pub use error::BundleError;
pub use pack::{Packed, pack};
pub use sent::Sent;

/// The most bytes that the files of a bundle may have together: 64 MiB.
pub const MAX_BYTES: u64 = 64 << 20;
/// The most files that a bundle may have.
pub const MAX_FILES: usize = 10_000;
/// The most bytes of an archive that comes with a command: 32 MiB.
pub const MAX_SENT_BYTES: u64 = 32 << 20;
/// The most files and directories of such an archive.
pub const MAX_SENT_ENTRIES: usize = 2_000;
/// How long the bundle of a plan stays that was not deployed, counted from when it was planned last: a week.
pub const RECENT: Duration = Duration::from_hours(7 * 24);
/// At most so many bundles stay that only plans need: the newest.
pub const MOST_RECENT: usize = 20;
/// Names what is left out of a bundle, in the syntax of `.gitignore`. Only the one beside the release file counts.
pub const IGNORE_FILE: &str = ".windlassignore";

/// The digest of a bundle with these files, each with the digest of its content, of which these are programs.
#[must_use]
pub fn digest_of(files: &BTreeMap<String, String>, programs: &BTreeSet<&str>) -> String {
    digest::of_lines(
        files.iter().map(|(path, digest)| (digest.as_str(), programs.contains(path.as_str()), path.as_str())),
    )
}

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

impl Bundles {
    /// The bundles of the agent whose state directory this is. Nothing is created until one is kept.
    #[must_use]
    pub fn new(state_directory: &Path) -> Self {
        Self { root: state_directory.join("bundles").join("sha256") }
    }

    /// Looks at the files of a directory without keeping them: for a plan that must change nothing.
    ///
    /// Left out are `.git`, what [`IGNORE_FILE`] names, and empty directories. Symbolic links stand for what they point
    /// at, which must be inside the directory.
    pub fn inspect(&self, directory: &Path) -> Result<Bundle, BundleError> {
        Ok(collect::collect(&collect::team(directory)?)?.bundle())
    }

    /// Keeps a copy of a directory's files; one that is kept already is verified, put right from the directory where it
    /// was changed, and returned.
    pub fn keep(&self, directory: &Path) -> Result<StoredBundle, BundleError> {
        self.keep_team(&collect::team(directory)?)
    }

    /// The same for a directory that is open already.
    pub fn keep_team(&self, team: &TeamDirectory) -> Result<StoredBundle, BundleError> {
        let collected = collect::collect(team)?;
        let bundle = collected.bundle();
        let _hold = sweep::hold(&self.root)?;
        let kept = match store::load(&self.root, &bundle.digest, Some(&bundle.files), Some(&collected)) {
            Err(BundleError::Missing { .. }) => store::store(&self.root, &collected),
            known => known,
        }?;
        sweep::touch(&kept.directory);
        Ok(kept)
    }

    /// Keeps the files of a tar archive from an untrusted sender: regular files and directories only, with relative
    /// paths, within the limits of a bundle.
    pub fn keep_tar(&self, archive: impl Read) -> Result<StoredBundle, BundleError> {
        let incoming = store::incoming(&self.root)?;
        unpack::unpack(archive, incoming.path())?;
        self.keep(incoming.path())
    }

    /// Keeps the files of an archive that came with a command, without what its ignore file names. Until they are kept they
    /// lie in a directory of their own beside the bundles, which goes whatever happens: at the latest when the next one is kept.
    pub fn keep_sent(&self, sent: &Sent<'_>) -> Result<StoredBundle, BundleError> {
        let incoming = store::incoming(&self.root)?;
        unpack::write_all(sent.files(), incoming.path())?;
        let team = TeamDirectory::open_as(incoming.path(), Path::new(""));
        self.keep_team(&team.map_err(collect::unopened)?)
    }

    /// The digest of the kept bundle that a directory is; none where it is not the place of one.
    #[must_use]
    pub fn digest_at(&self, directory: &Path) -> Option<String> {
        let absolute = |path: &Path| std::path::absolute(path).ok();
        let is_ours = absolute(directory.parent()?)? == absolute(&self.root)?;
        let digest = format!("sha256:{}", directory.file_name()?.to_str()?);
        (is_ours && windlass_domain::reference::is_digest(&digest)).then_some(digest)
    }

    /// A kept bundle, with every file checked against the digest. Modes and owners that were changed are set again.
    pub fn load(&self, digest: &str) -> Result<StoredBundle, BundleError> {
        store::load(&self.root, digest, None, None)
    }

    /// The kept copy of a bundle whose files are known: the same, and what does not belong to it is removed.
    pub fn open(&self, bundle: &Bundle) -> Result<StoredBundle, BundleError> {
        store::load(&self.root, &bundle.digest, Some(&bundle.files), None)
    }

    /// What changes with anything of a kept bundle, without reading its files; none when it cannot be looked at.
    #[must_use]
    pub fn stamp(&self, digest: &str) -> Option<[u8; 32]> {
        store::stamp(&self.root, digest)
    }

    /// The digests of all kept bundles.
    #[must_use]
    pub fn list(&self) -> Vec<String> {
        store::list(&self.root)
    }

    /// Removes the bundles that are not among `needed` and that no plan of the last [`RECENT`] needs. Returns their
    /// digests. While another process keeps a bundle, nothing is removed.
    pub fn sweep(&self, needed: &BTreeSet<String>) -> Result<Vec<String>, BundleError> {
        sweep::sweep(&self.root, needed)
    }

    /// Removes a kept bundle; one that is gone already is success. Whether something still needs it is the caller's
    /// business.
    pub fn remove(&self, digest: &str) -> Result<(), BundleError> {
        store::remove(&self.root, digest)
    }
}

#[cfg(test)]
#[path = "bundle/tests.rs"]
mod tests;
