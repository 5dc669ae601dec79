//! What a release that came from outside says about itself, made again from its content and compared.
//!
//! The id, the label, the inputs and what it says about migrations follow from the rest and from the release file in
//! its bundle. The digests that tags meant then, and the commit, do not follow. For those, the key that signed or
//! sealed the release vouches.

use windlass_domain::Release;
use windlass_foundation::names;

use super::{VersionRequest, id, version_file, versions};
use crate::bundle::StoredBundle;
use crate::directory::TeamDirectory;
use crate::file::ReleaseFile;

/// A field of a release that is not what its content gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {why}")]
pub struct Mismatch {
    /// The field, as in `release.id`.
    pub field: String,
    /// What is wrong with it.
    pub why: String,
}

fn mismatch(field: &str, why: impl Into<String>) -> Mismatch {
    Mismatch { field: field.to_owned(), why: why.into() }
}

/// Compares a release with the kept copy of its bundle.
///
/// # Errors
/// The first field that does not fit.
pub fn recheck(release: &Release, stored: &StoredBundle) -> Result<(), Mismatch> {
    names::check_release(release).map_err(|(field, why)| mismatch(&field, format!("is wrong: {why}")))?;
    let own = id(release);
    if release.id != own {
        return Err(mismatch("release.id", format!("does not follow from the release, which gives {own}")));
    }
    if release.bundle.digest != stored.bundle.digest {
        return Err(mismatch("release.bundle.digest", format!("is not that of its files, {}", stored.bundle.digest)));
    }
    if release.bundle.files != stored.bundle.files {
        return Err(mismatch("release.bundle.files", "are not the files of the bundle"));
    }
    if release.bundle.programs.is_some() && release.bundle.programs != stored.bundle.programs {
        return Err(mismatch("release.bundle.programs", "are not the programs of the bundle"));
    }
    let unreadable = |error: &dyn std::fmt::Display| mismatch("release.bundle", format!("cannot be used: {error}"));
    let team = TeamDirectory::open(&stored.directory).map_err(|error| unreadable(&error))?;
    let file = ReleaseFile::of(&team).map_err(|error| unreadable(&error))?;
    if file.application != release.application {
        let why = format!("is `{}`, and the release file is of `{}`", release.application, file.application);
        return Err(mismatch("release.application", why));
    }
    if file.variables != release.inputs {
        return Err(mismatch("release.inputs", "are not the variables of the release file"));
    }
    if file.migration != release.migration {
        return Err(mismatch("release.migration", "is not what the release file says"));
    }
    if !file.artifacts.keys().eq(release.artifacts.keys()) {
        return Err(mismatch("release.artifacts", "are not those of the release file"));
    }
    for (name, artifact) in &release.artifacts {
        let source = &file.artifacts[name];
        if artifact.repository != source.repository.repository() || artifact.local != source.local {
            return Err(mismatch(&format!("release.artifacts.{name}"), "is not the image of the release file"));
        }
    }
    label(release, stored, &file)
}

/// The label, as far as it follows.
fn label(release: &Release, stored: &StoredBundle, file: &ReleaseFile) -> Result<(), Mismatch> {
    let said = version_file::label(file, &stored.directory);
    let said = said.map_err(|error| mismatch("release.version", format!("cannot be made again: {error}")))?;
    let request = VersionRequest { commit: release.commit.clone(), ..VersionRequest::default() };
    let made = said.clone().unwrap_or_else(|| versions::label(&release.artifacts, &request, &release.bundle));
    // With a commit, the label also names the versions that the request set, which are no longer known.
    let fits = match (&said, &release.commit) {
        (None, Some(_)) => release.version == made || release.version.starts_with(&format!("{made},")),
        _ => release.version == made,
    };
    if fits {
        return Ok(());
    }
    Err(mismatch("release.version", format!("is `{}`, and the release gives `{made}`", release.version)))
}
