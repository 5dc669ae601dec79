//! What a caller does on its own side, with its own rights: it reads the files that travel with a command, and writes those
//! that an answer holds.

use std::io::{IsTerminal as _, Read};
use std::path::{Component, Path};

use windlass_api::command::{Content, Document};
use windlass_deployment::PLAN_FILE_LIMIT;
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::{private, regular, signature};
use windlass_release::application;
use windlass_release::bundle::{self, Bundles, MAX_SENT_BYTES};
use windlass_release::directory::TeamDirectory;
use windlass_release::document;
use windlass_release::file::ReleaseFile;

pub use windlass_release::bundle::Packed;

use super::error::CommandError;
use super::trigger::message;

/// A release document with the signature beside it. `-` is standard input, which has none.
///
/// # Errors
/// When one of both cannot be read.
pub fn signed_document(path: &Path) -> Result<Document, ExplainedError> {
    let mut document = release_document(path)?;
    if path != Path::new("-") {
        document.signature = signature::read_beside(path)?.map(Content);
    }
    Ok(document)
}

/// A release document, whoever signed it. `-` is standard input.
///
/// # Errors
/// When it cannot be read.
pub fn release_document(path: &Path) -> Result<Document, ExplainedError> {
    let content = Content(document::read(path)?);
    Ok(Document { path: path.to_owned(), content, signature: None })
}

/// The files of an application as an archive that travels with a command. `-` is standard input, which is no terminal then. What
/// is in it is looked at where the command is carried out.
///
/// # Errors
/// When it cannot be read.
pub fn bundle(path: &Path) -> Result<Content, ExplainedError> {
    let failed = |source| CommandError::Read { path: path.to_owned(), source };
    let mut content = Vec::new();
    let from: Box<dyn Read> = if path == Path::new("-") {
        if std::io::stdin().is_terminal() {
            return Err(CommandError::BundleOfTerminal.into());
        }
        Box::new(std::io::stdin())
    } else {
        Box::new(regular::open(path).map_err(failed)?)
    };
    // One byte more than is taken, so that what is too large is seen to be.
    from.take(MAX_SENT_BYTES + 1).read_to_end(&mut content).map_err(failed)?;
    Ok(Content(content))
}

/// The files of an application's directory as such an archive, made once its release file is found right.
///
/// # Errors
/// When the release file is wrong, or the directory has something that is not taken.
pub fn pack(directory: &Path) -> Result<Packed, ExplainedError> {
    // A directory, whatever it is called: there is no name here.
    let directory = match directory.components().next() {
        Some(Component::Normal(_)) => Path::new(".").join(directory),
        _ => directory.to_owned(),
    };
    let location = application::find(&directory.display().to_string(), Path::new(""))?;
    let team = TeamDirectory::open(&location.directory)?;
    ReleaseFile::of(&team)?;
    Ok(bundle::pack(&team)?)
}

/// A plan file.
///
/// # Errors
/// When it cannot be read.
pub fn plan(path: &Path) -> Result<Document, ExplainedError> {
    let content = regular::read(path, PLAN_FILE_LIMIT);
    let content = content.map_err(|source| CommandError::Read { path: path.to_owned(), source })?;
    Ok(Document { path: path.to_owned(), content: Content(content), signature: None })
}

/// The HTTP message of an event, from standard input.
///
/// # Errors
/// When it cannot be read.
pub fn event() -> Result<Content, ExplainedError> {
    Ok(Content(message::read(std::io::stdin().lock())?))
}

/// Writes a file of an answer: the whole, or nothing, readable by its owner alone.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, content: &Content) -> Result<(), ExplainedError> {
    let written = private::write(path, &content.0);
    Ok(written.map_err(|source| CommandError::Write { path: path.to_owned(), source })?)
}

/// Whether a file would be one of the next release from an application's directory.
#[must_use]
pub fn is_released(file: &Path, directory: &Path) -> bool {
    let (Ok(file), Ok(directory)) = (file.canonicalize(), directory.canonicalize()) else { return false };
    let Ok(inside) = file.strip_prefix(&directory) else { return false };
    // Where bundles would be kept does not matter: nothing is kept.
    let bundle = Bundles::new(&directory).inspect(&directory);
    bundle.is_ok_and(|bundle| bundle.has(&inside.to_string_lossy()))
}
