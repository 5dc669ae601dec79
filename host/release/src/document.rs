//! A release as a file: written from a kept bundle on one host, checked and unpacked on another.
//!
//! Everything in it is checked against the release's own digests before anything of it is used. Who made it is the
//! business of [`windlass_foundation::signature`]; whether it may be deployed here is the gates'.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use windlass_domain::{BundledFile, Proof, RELEASE_DOCUMENT_FORMAT, RELEASE_FORMAT, Release, ReleaseDocument};
use windlass_foundation::explain::{ExitCode, Explain, Place};
use windlass_foundation::names;
use windlass_foundation::regular;

use super::bundle::{self, BundleError, Bundles, MAX_BYTES, StoredBundle};
use super::resolve;

/// The most bytes of a document: all files of a bundle in Base64, and what is said about them.
const MAX_DOCUMENT: u64 = MAX_BYTES / 3 * 4 + (16 << 20);

/// Why a document could not be written or used.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// A file could not be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than any release.
    #[error("`{name}` is larger than {} MiB", MAX_DOCUMENT >> 20)]
    TooLarge {
        /// What it is called.
        name: String,
    },
    /// It is not JSON, or not that of a release.
    #[error("`{name}` is not a release document: {message}")]
    NotOne {
        /// What it is called.
        name: String,
        /// What is wrong, without the place.
        message: String,
        /// Where.
        place: Box<Place>,
    },
    /// A newer agent wrote it.
    #[error("`{name}` has format {found}, and this agent reads format {RELEASE_DOCUMENT_FORMAT}")]
    Newer {
        /// What it is called.
        name: String,
        /// Its format.
        found: u32,
    },
    /// It was changed after it was made.
    #[error("`{name}` was changed after it was made: {what}")]
    Changed {
        /// What it is called.
        name: String,
        /// What doesn't fit.
        what: String,
    },
    /// Its files were left out, and the ones that are here are others.
    #[error("the files of the application are not those of release {version}: {difference}")]
    OtherFiles {
        /// The release's label.
        version: String,
        /// Which differ.
        difference: String,
    },
    /// Its files were left out.
    #[error("`{name}` has no files")]
    NoFiles {
        /// What it is called.
        name: String,
    },
    /// The kept files of a release could not be used.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

impl Explain for DocumentError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Bundle(error) => error.exit(),
            Self::OtherFiles { .. } => ExitCode::Refused,
            _ => ExitCode::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Bundle(error) => error.hint(),
            Self::NotOne { .. } | Self::NoFiles { .. } => {
                Some("make one with `windlass release create` or `windlass release export`".to_owned())
            }
            Self::Newer { .. } => Some("install a newer agent".to_owned()),
            Self::Changed { .. } => Some("get it again from where it was made; nothing of it was used".to_owned()),
            Self::OtherFiles { .. } => Some(
                "put the application's files at the release's commit, or promote a document with files, made by \
                 `windlass release export`"
                    .to_owned(),
            ),
            Self::Read { .. } | Self::TooLarge { .. } => None,
        }
    }

    fn place(&self) -> Option<Place> {
        match self {
            Self::NotOne { place, .. } => Some((**place).clone()),
            _ => None,
        }
    }
}

/// The document of a release whose bundle is kept on this host.
pub fn make(release: &Release, stored: &StoredBundle, proof: Option<Proof>) -> Result<ReleaseDocument, DocumentError> {
    let mut files = BTreeMap::new();
    for path in release.bundle.files.keys() {
        let place = stored.directory.join(path);
        let failed = |source| DocumentError::Read { path: place.clone(), source };
        let program = is_program(&place).map_err(failed)?;
        let file = match String::from_utf8(std::fs::read(&place).map_err(failed)?) {
            Ok(text) => BundledFile { text: Some(text), base64: None, program },
            Err(error) => BundledFile { text: None, base64: Some(STANDARD.encode(error.as_bytes())), program },
        };
        files.insert(path.clone(), file);
    }
    Ok(ReleaseDocument {
        format: RELEASE_DOCUMENT_FORMAT,
        release: release.clone(),
        proof,
        built: BTreeMap::new(),
        files: Some(files),
    })
}

fn is_program(path: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(path.metadata()?.permissions().mode() & 0o100 != 0)
}

/// The bytes of a document: from a file, or from standard input for `-`.
pub fn read(path: &Path) -> Result<Vec<u8>, DocumentError> {
    let failed = |source| DocumentError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let from: Box<dyn std::io::Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(regular::open(path).map_err(failed)?)
    };
    from.take(MAX_DOCUMENT + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Reads a document and checks it against itself. `name` is what errors call it.
pub fn parse(name: &str, bytes: &[u8]) -> Result<ReleaseDocument, DocumentError> {
    if bytes.len() as u64 > MAX_DOCUMENT {
        return Err(DocumentError::TooLarge { name: name.to_owned() });
    }
    let wrong = |error: &serde_json::Error| DocumentError::NotOne {
        name: name.to_owned(),
        message: regular::without_content(error),
        place: Box::new(Place {
            file: name.to_owned(),
            line: error.line(),
            column: error.column(),
            length: 0,
            text: String::new(),
        }),
    };
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|error| wrong(&error))?;
    if let Some(found) = value.get("format").and_then(serde_json::Value::as_u64)
        && found > u64::from(RELEASE_DOCUMENT_FORMAT)
    {
        return Err(DocumentError::Newer { name: name.to_owned(), found: u32::try_from(found).unwrap_or(u32::MAX) });
    }
    let document: ReleaseDocument = serde_json::from_slice(bytes).map_err(|error| wrong(&error))?;
    check(&document).map_err(|what| DocumentError::Changed { name: name.to_owned(), what })?;
    Ok(document)
}

/// What doesn't fit in a document.
fn check(document: &ReleaseDocument) -> Result<(), String> {
    let release = &document.release;
    if release.format != RELEASE_FORMAT {
        return Err(format!("the release has format {}, not {RELEASE_FORMAT}", release.format));
    }
    let id = resolve::id(release);
    if release.id != id {
        return Err(format!("the release says that its id is {}, and it is {id}", release.id));
    }
    names::check_release(release).map_err(|(field, why)| format!("`{field}`: {why}"))?;
    if let Some(proof) = &document.proof
        && !names::Kind::Environment.is(&proof.environment)
    {
        return Err(format!("`proof.environment`: {}", names::Kind::Environment.complaint(&proof.environment)));
    }
    if let Some(name) = document.built.keys().find(|name| !release.artifacts.contains_key(*name)) {
        return Err(format!("`built.{}` is no artifact of the release", name.escape_debug()));
    }
    let Some(files) = &document.files else { return Ok(()) };
    if let Some(path) = release.bundle.files.keys().find(|path| !files.contains_key(*path)) {
        return Err(format!("the file `{path}` is missing"));
    }
    for (path, file) in files {
        let Some(expected) = release.bundle.files.get(path) else {
            return Err(format!("the file `{}` is not of the release", path.escape_debug()));
        };
        let found = format!("sha256:{}", hex::encode(Sha256::digest(content(path, file)?)));
        if *expected != found {
            return Err(format!("the file `{path}` has the digest {found}, not {expected}"));
        }
    }
    let programs = files.iter().filter(|(_, file)| file.program).map(|(path, _)| path.as_str());
    let whole = bundle::digest_of(&release.bundle.files, &programs.collect());
    if whole == release.bundle.digest {
        return Ok(());
    }
    Err(format!("its files together have the digest {whole}, not {}", release.bundle.digest))
}

fn content(path: &str, file: &BundledFile) -> Result<Vec<u8>, String> {
    match (&file.text, &file.base64) {
        (Some(text), None) => Ok(text.clone().into_bytes()),
        (None, Some(base64)) => STANDARD.decode(base64).map_err(|error| format!("the file `{path}`: {error}")),
        _ => Err(format!("the file `{path}` has neither `text` nor `base64`, or both")),
    }
}

/// Keeps the files of a checked document on this host.
pub fn keep(name: &str, document: &ReleaseDocument, bundles: &Bundles) -> Result<StoredBundle, DocumentError> {
    let files = document.files.as_ref().ok_or_else(|| DocumentError::NoFiles { name: name.to_owned() })?;
    let changed = |what| DocumentError::Changed { name: name.to_owned(), what };
    let mut archive = tar::Builder::new(Vec::new());
    for (path, file) in files {
        let content = content(path, file).map_err(changed)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(if file.program { 0o755 } else { 0o644 });
        archive.append_data(&mut header, path, content.as_slice()).map_err(|error| changed(error.to_string()))?;
    }
    let archive = archive.into_inner().map_err(|error| changed(error.to_string()))?;
    let stored = bundles.keep_tar(archive.as_slice())?;
    if stored.bundle.is_same(&document.release.bundle) {
        return Ok(stored);
    }
    // An ignore file of the bundle that names files of the bundle, say.
    Err(changed(format!("unpacked, its files have the digest {}", stored.bundle.digest)))
}

/// What a document says about its release, made again from the kept copy of its files and compared.
pub fn recheck(name: &str, document: &ReleaseDocument, stored: &StoredBundle) -> Result<(), DocumentError> {
    let fits = resolve::recheck(&document.release, stored);
    fits.map_err(|mismatch| DocumentError::Changed { name: name.to_owned(), what: mismatch.to_string() })
}

/// Keeps the files of a directory for a document that has none: they must be the release's.
pub fn keep_directory(
    document: &ReleaseDocument,
    directory: &Path,
    bundles: &Bundles,
) -> Result<StoredBundle, DocumentError> {
    let (here, wanted) = (bundles.inspect(directory)?, &document.release.bundle);
    if here.is_same(wanted) {
        return Ok(bundles.keep(directory)?);
    }
    let differs = |path: &&String| here.files.get(*path) != wanted.files.get(*path);
    let paths: std::collections::BTreeSet<&String> = here.files.keys().chain(wanted.files.keys()).collect();
    let mut paths: Vec<&str> = paths.into_iter().filter(differs).map(String::as_str).collect();
    let more = paths.len().saturating_sub(3);
    paths.truncate(3);
    let mut difference =
        if paths.is_empty() { "which of them are programs".to_owned() } else { format!("`{}`", paths.join("`, `")) };
    if more > 0 {
        difference = format!("{difference} and {more} more");
    }
    difference.push_str(if paths.len() == 1 && more == 0 { " differs" } else { " differ" });
    Err(DocumentError::OtherFiles { version: document.release.version.clone(), difference })
}

#[cfg(test)]
#[path = "document/tests.rs"]
mod tests;
