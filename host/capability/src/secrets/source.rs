//! Where values come from: a file that no other user can read, the environment, systemd's credentials.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use windlass_config::SecretSource;
use zeroize::Zeroizing;

/// The longest value, in bytes: a header or a small key file.
const LIMIT: u64 = 64 << 10;

/// Why a value is not there. No text holds any part of a value.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file could not be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Others could read or replace it.
    #[error("`{}` {reason}", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// How.
        reason: String,
    },
    /// The variable is not set.
    #[error("the agent's environment has no variable `{0}`")]
    NoVariable(String),
    /// The agent was not started with credentials.
    #[error("the credential `{0}` is not there: the agent was not started by systemd with `LoadCredential=`")]
    NoCredentials(String),
    /// There is no value.
    #[error("its value is empty")]
    Empty,
    /// The value is larger than a secret is.
    #[error("its value has more than {LIMIT} bytes")]
    TooLong,
    /// The value is not text.
    #[error("its value is not UTF-8 text, or holds a zero byte")]
    NotText,
}

impl SourceError {
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { path, source } if source.kind() == io::ErrorKind::NotFound => Some(format!(
                "make it with `install -m 0600 /dev/null {}` and write the value into it, or correct the secret's `file` in \
                 `agent.toml`",
                path.display()
            )),
            Self::Exposed { path, .. } => Some(format!(
                "`chown` it to the agent's user and `chmod 600 {}`; then change the secret",
                path.display()
            )),
            Self::NoCredentials(name) => Some(format!("add `LoadCredential={name}:/path` to the agent's unit")),
            Self::NotText => Some("encode it, in base64 say".to_owned()),
            _ => None,
        }
    }
}

/// The value. One newline at the end of a file is not part of it.
pub(super) fn read(
    source: &SecretSource,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<Zeroizing<String>, SourceError> {
    let bytes = match source {
        SecretSource::File(path) => read_file(path, Owner::Checked)?,
        SecretSource::Environment(variable) => {
            let value = environment(variable).ok_or_else(|| SourceError::NoVariable(variable.clone()))?;
            Zeroizing::new(value.into_encoded_bytes())
        }
        SecretSource::Credential(name) => {
            let directory =
                environment("CREDENTIALS_DIRECTORY").ok_or_else(|| SourceError::NoCredentials(name.clone()))?;
            // systemd owns that directory; inside it the files belong to root or to the unit's user, mode 0400 or 0440.
            read_file(&Path::new(&directory).join(name), Owner::Trusted)?
        }
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| SourceError::NotText)?;
    let text = match source {
        SecretSource::Environment(_) => text,
        SecretSource::File(_) | SecretSource::Credential(_) => {
            let text = text.strip_suffix('\n').unwrap_or(text);
            text.strip_suffix('\r').unwrap_or(text)
        }
    };
    if text.contains('\0') {
        return Err(SourceError::NotText);
    }
    if text.is_empty() {
        return Err(SourceError::Empty);
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// Whether the file's owner and mode are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Checked,
    Trusted,
}

fn read_file(path: &Path, owner: Owner) -> Result<Zeroizing<Vec<u8>>, SourceError> {
    let unreadable = |source| SourceError::Unreadable { path: path.to_owned(), source };
    let exposed = |reason: String| SourceError::Exposed { path: path.to_owned(), reason };
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(nonblock).open(path).map_err(unreadable)?;
    // Asked of the open file, so that it cannot be another one than the one that is read.
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(exposed("is not a regular file".to_owned()));
    }
    if owner == Owner::Checked {
        if metadata.mode() & 0o077 != 0 {
            return Err(exposed(format!(
                "can be read by others than its owner (mode {:04o})",
                metadata.mode() & 0o7777
            )));
        }
        let agent = rustix::process::geteuid().as_raw();
        if metadata.uid() != agent && metadata.uid() != 0 {
            return Err(exposed(format!("belongs to user {}, not to the agent's user or root", metadata.uid())));
        }
    }
    let mut bytes =
        Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len().min(LIMIT)).unwrap_or_default() + 1));
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LIMIT {
        return Err(SourceError::TooLong);
    }
    Ok(bytes)
}
