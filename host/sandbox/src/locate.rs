//! Where a plugin's bytes come from.

use std::borrow::Cow;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_domain::reference::Reference;
use windlass_foundation::regular;
use windlass_release::directory::{DirectoryError, TeamDirectory};

use super::admit::Refusal;
use super::bundled;
use super::pulled::Pulled;
use super::wasm::Wasm;

/// Where a plugin comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// One that the agent carries: `check-readiness`.
    Bundled(String),
    /// A file below a directory that it cannot leave, by symbolic link neither.
    Below {
        /// The directory.
        directory: PathBuf,
        /// The path below it.
        path: String,
    },
    /// A component at a registry, pinned by digest, which was pulled: `registry.example/team/check@sha256:…`.
    Registry(Box<Reference>),
    /// A file that a person named on the command line.
    File(PathBuf),
    /// Bytes, and what to call them in messages.
    Bytes(String, Arc<[u8]>),
}

impl Source {
    /// The plugin that a release file names.
    pub fn named(name: &str, bundle: &Path) -> Result<Self, Refusal> {
        if name.contains("@sha256:") {
            return Self::registry(name);
        }
        let is_file = Path::new(name).extension().is_some_and(|extension| extension == "wasm");
        if !is_file && !name.contains('/') {
            return Ok(Self::Bundled(name.to_owned()));
        }
        if Path::new(name).is_absolute() {
            return Err(Refusal::Outside(name.to_owned()));
        }
        Ok(Self::Below { directory: bundle.to_owned(), path: name.to_owned() })
    }

    /// A component at a registry.
    pub fn registry(name: &str) -> Result<Self, Refusal> {
        let reference = Reference::parse(name).map_err(|error| Refusal::Reference(error.to_string()))?;
        match reference.digest() {
            Some(_) => Ok(Self::Registry(Box::new(reference))),
            None => Err(Refusal::Reference(format!("`{name}` is not pinned; write `REPOSITORY@sha256:…`"))),
        }
    }

    /// What to call it in messages.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Bundled(name) | Self::Bytes(name, _) => Cow::Borrowed(name),
            Self::Below { path, .. } => Cow::Borrowed(path),
            Self::File(path) => path.to_string_lossy(),
            Self::Registry(reference) => Cow::Owned(reference.to_string()),
        }
    }

    /// The component, of at most `most` bytes.
    pub(super) fn component(&self, pulled: &Pulled, most: u64) -> Result<Wasm<'_>, Refusal> {
        let bytes: Cow<'_, [u8]> = match self {
            Self::Bundled(name) => return bundled::component(name).map(Wasm::packed).ok_or_else(|| unknown(name)),
            Self::Bytes(_, bytes) => Cow::Borrowed(bytes),
            Self::Registry(reference) => pulled.component(reference, most).map(Cow::Owned).ok_or(Refusal::NotPulled)?,
            Self::File(path) => {
                let failed = |source| Refusal::Read { path: path.clone(), source };
                let file = regular::open(path).map_err(failed)?;
                read(file.metadata().map_err(failed)?.len(), file, most, failed).map(Cow::Owned)?
            }
            Self::Below { directory, path } => {
                // The directory may be the kept copy of a release: people know the file by the name in theirs.
                let failed = |source| Refusal::Read { path: PathBuf::from(path), source };
                let read = TeamDirectory::open_as(directory, Path::new("")).and_then(|team| team.read(path, most));
                read.map(Cow::Owned).map_err(|error| match error {
                    DirectoryError::Outside { .. } => Refusal::Outside(path.clone()),
                    DirectoryError::Unreadable { source, .. } => failed(source),
                    DirectoryError::TooLarge { limit, .. } => {
                        let size = std::fs::metadata(directory.join(path)).map_or(limit + 1, |file| file.len());
                        Refusal::Large { size, allowed: limit }
                    }
                    other => failed(io::Error::other(other)),
                })?
            }
        };
        Ok(Wasm::whole(bytes))
    }
}

fn read(
    size: u64,
    file: impl io::Read,
    allowed: u64,
    failed: impl FnOnce(io::Error) -> Refusal,
) -> Result<Vec<u8>, Refusal> {
    if size > allowed {
        return Err(Refusal::Large { size, allowed });
    }
    let mut bytes = Vec::new();
    file.take(allowed).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn unknown(name: &str) -> Refusal {
    let known: Vec<_> = bundled::names().map(str::to_owned).collect();
    let nearest = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, name), known))
        .min()
        .filter(|(distance, _)| *distance <= 3)
        .map(|(_, known)| known.clone());
    Refusal::Unknown { known, nearest }
}
