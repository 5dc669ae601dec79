//! The file that was brought: read once, and proved before anything is looked at. What was proved is what is installed.

use std::path::Path;

use windlass_foundation::regular;
use windlass_foundation::signature::{self, SignatureError};

use crate::UpdateError;

/// The largest file, in bytes.
pub(crate) const LARGEST: u64 = 512 << 20;

/// A file that a trusted key has signed.
pub(crate) struct Incoming {
    /// All of it.
    pub(crate) content: Vec<u8>,
    /// The key that signed it.
    pub(crate) key: String,
    /// What the signer wrote beside; it is shown and not believed.
    pub(crate) comment: Option<String>,
}

/// Reads a file and its signature.
pub(crate) fn read(file: &Path, signature: Option<&Path>, keys: &[String]) -> Result<Incoming, UpdateError> {
    if keys.is_empty() {
        return Err(UpdateError::NoKeys);
    }
    let signature_file = signature.map_or_else(|| signature::beside(file), Path::to_owned);
    let content = regular::read(file, LARGEST).map_err(|source| UpdateError::Read { path: file.to_owned(), source })?;
    let signature = signature::read(&signature_file).map_err(UpdateError::Signature)?.ok_or_else(|| {
        let name = file.display().to_string();
        UpdateError::Signature(SignatureError::Missing { name, path: Some(signature_file.clone()) })
    })?;
    let key = signature::verify(file, &content, Some(&signature), keys, true).map_err(UpdateError::Signature)?;
    let key = key.ok_or(UpdateError::NoKeys)?;
    Ok(Incoming { content, key, comment: signature::comment(&signature) })
}
