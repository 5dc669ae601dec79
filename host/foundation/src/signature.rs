//! Who made a file: signatures of the program `minisign`, beside the file as `FILE.minisig`.
//!
//! The agent verifies and never signs: keys that sign stay where releases are made.

use std::path::{Path, PathBuf};

use minisign_verify::{PublicKey, Signature};

use crate::explain::{ExitCode, Explain, shorten};
use crate::regular;

/// What a signature's file has after the name of the file that it signs.
pub const EXTENSION: &str = ".minisig";

/// The longest signature file, in bytes.
const LIMIT: u64 = 16 << 10;

/// Why a signature does not count.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// A key of the operator's file is none.
    #[error("`{key}` is not a public key of minisign")]
    Key {
        /// The key.
        key: String,
    },
    /// There is none, and there must be one.
    #[error("`{name}` is not signed")]
    Missing {
        /// What it is called.
        name: String,
        /// Where a signature would be; none where there can be none.
        path: Option<PathBuf>,
    },
    /// The content is signed, but no trusted key is configured.
    #[error("`{name}` is signed, and `agent.toml` names no key that is trusted")]
    NoKeys {
        /// What it is called.
        name: String,
    },
    /// The file with the signature could not be read or is none.
    #[error("`{}` is not a signature: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// No trusted key made this signature for these bytes.
    #[error("the signature of `{name}` is by none of the {keys} keys that are trusted, or it was changed afterwards")]
    Untrusted {
        /// What it is called.
        name: String,
        /// How many keys were tried.
        keys: usize,
    },
}

impl Explain for SignatureError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Key { .. } | Self::Malformed { .. } => ExitCode::Configuration,
            Self::Missing { .. } | Self::NoKeys { .. } | Self::Untrusted { .. } => ExitCode::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { path: Some(path), .. } => {
                Some(format!("sign it with `minisign -S -m FILE`, and put the signature at `{}`", path.display()))
            }
            Self::Missing { path: None, .. } => Some(
                "`[releases] require-signature` is set: deploy from a file that has a signature beside it".to_owned(),
            ),
            Self::NoKeys { .. } => Some("add the public key to `keys` in `[releases]`".to_owned()),
            Self::Key { .. } => Some("it is the second line of `minisign.pub`, which begins with `RW`".to_owned()),
            Self::Malformed { .. } | Self::Untrusted { .. } => None,
        }
    }
}

/// Whether a text is a public key.
pub fn is_key(key: &str) -> Result<(), SignatureError> {
    PublicKey::from_base64(key).map(drop).map_err(|_| SignatureError::Key { key: key.to_owned() })
}

/// The signature's file of a file.
#[must_use]
pub fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(EXTENSION);
    PathBuf::from(name)
}

/// The signature beside a file, as bytes; none when there is none.
///
/// # Errors
/// When it cannot be read, or is too large for one.
pub fn read_beside(path: &Path) -> Result<Option<Vec<u8>>, SignatureError> {
    read(&beside(path))
}

/// The signature in a file, as bytes; none when there is no such file.
///
/// # Errors
/// As for [`read_beside`].
pub fn read(place: &Path) -> Result<Option<Vec<u8>>, SignatureError> {
    let reason = match regular::read(place, LIMIT) {
        Ok(bytes) => return Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => "it is too large".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(SignatureError::Malformed { path: place.to_owned(), reason })
}

/// What the signer wrote into a signature, on one line and without what a terminal would act on. Nothing here proves it: it is for
/// people to read.
#[must_use]
pub fn comment(signature: &[u8]) -> Option<String> {
    let signature = Signature::decode(std::str::from_utf8(signature).ok()?).ok()?;
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let shown: String = signature.trusted_comment().chars().map(plain).collect();
    Some(shorten(shown.trim())).filter(|shown| !shown.is_empty())
}

/// Verifies the signature that is beside a file, where there is one. Returns the key that made it; none when there is no
/// signature and none is required.
///
/// # Errors
/// When it is no signature, is required and missing, or no trusted key made it.
pub fn verify(
    path: &Path,
    content: &[u8],
    signature: Option<&[u8]>,
    keys: &[String],
    required: bool,
) -> Result<Option<String>, SignatureError> {
    let name = path.display().to_string();
    let place = beside(path);
    let malformed = |reason: String| SignatureError::Malformed { path: place.clone(), reason };
    let Some(bytes) = signature else {
        return if required { Err(SignatureError::Missing { name, path: Some(place) }) } else { Ok(None) };
    };
    if bytes.len() as u64 > LIMIT {
        return Err(malformed("it is too large".to_owned()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not text".to_owned()))?;
    let signature = Signature::decode(text).map_err(|error| malformed(error.to_string()))?;
    if keys.is_empty() {
        // Without keys the signature cannot be checked. Where a signature is optional, it is ignored.
        return if required { Err(SignatureError::NoKeys { name }) } else { Ok(None) };
    }
    for key in keys {
        let public = PublicKey::from_base64(key).map_err(|_| SignatureError::Key { key: key.clone() })?;
        // Only signatures of the content's hash, which minisign makes by default since 0.8.
        if public.verify(content, &signature, false).is_ok() {
            return Ok(Some(key.clone()));
        }
    }
    Err(SignatureError::Untrusted { name, keys: keys.len() })
}

#[cfg(test)]
#[path = "signature/tests.rs"]
mod tests;
