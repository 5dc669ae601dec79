//! The host's own key: made once, kept in the state directory, never shown.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use windlass_foundation::explain::{ExitCode, Explain};
use zeroize::Zeroizing;

/// Bytes of the key.
const LENGTH: usize = 32;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It could not be read or made.
    #[error("cannot read or make the host key `{}`", path.display())]
    File {
        /// Its file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Others can read it, or it is not a key.
    #[error("the host key `{}` cannot be used: {reason}", path.display())]
    Unusable {
        /// Its file.
        path: PathBuf,
        /// Why.
        reason: &'static str,
    },
}

impl Explain for KeyError {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File { .. } => Some("the agent's user must be able to write the state directory".to_owned()),
            Self::Unusable { path, .. } => Some(format!(
                "`chown` it to the agent's user and `chmod 600 {0}`, or remove it: a new one is made, and plans made before are stale",
                path.display()
            )),
        }
    }
}

/// 32 secret bytes of this host: they make fingerprints meaningless elsewhere and authenticate what is cached.
#[derive(Clone)]
pub struct HostKey(Zeroizing<Vec<u8>>);

impl std::fmt::Debug for HostKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HostKey")
    }
}

impl HostKey {
    /// Reads `key` in the state directory, or makes it with mode 0600. Two processes that make it agree on one.
    pub fn open(state_directory: &Path) -> Result<Self, KeyError> {
        let path = state_directory.join("key");
        let failed = |source| KeyError::File { path: path.clone(), source };
        match File::open(&path) {
            Ok(file) => return Self::read(file, &path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let mut bytes = Zeroizing::new(vec![0_u8; LENGTH]);
        getrandom::fill(&mut bytes).map_err(|error| failed(io::Error::other(error)))?;
        let made = state_directory.join(format!("key.{}", std::process::id()));
        let _ = fs::remove_file(&made);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&made).map_err(failed)?;
        let written = file.write_all(&bytes).and_then(|()| file.sync_all());
        // The link fails where the name exists already: then another process has made the key first, and its key is
        // read.
        let linked = written.and_then(|()| fs::hard_link(&made, &path));
        let _ = fs::remove_file(&made);
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
            Ok(()) | Err(_) => Self::read(File::open(&path).map_err(failed)?, &path),
        }
    }

    /// A key from bytes: for tests, and where no placeholder is made.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The bytes, for authenticating what the agent stores.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first 16 hexadecimal digits of HMAC-SHA256 (RFC 2104) over a value.
    #[must_use]
    pub fn fingerprint(&self, value: &[u8]) -> String {
        // HMAC takes keys of every length; an error cannot come.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(value);
        hex::encode(&mac.finalize().into_bytes()[..8])
    }

    /// An authentication code for a content in one use: HMAC-SHA256 over the use, a zero byte and the content.
    #[must_use]
    pub fn code(&self, of: &str, content: &[u8]) -> String {
        self.mac(of, content).map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default()
    }

    /// Whether a text is that code. How long it takes says nothing about where they differ.
    #[must_use]
    pub fn is_code(&self, of: &str, content: &[u8], code: &str) -> bool {
        let given = hex::decode(code).unwrap_or_default();
        self.mac(of, content).is_some_and(|mac| mac.verify_slice(&given).is_ok())
    }

    fn mac(&self, of: &str, content: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(of.as_bytes());
        mac.update(&[0]);
        mac.update(content);
        Some(mac)
    }

    fn read(file: File, path: &Path) -> Result<Self, KeyError> {
        let unusable = |reason| KeyError::Unusable { path: path.to_owned(), reason };
        let failed = |source| KeyError::File { path: path.to_owned(), source };
        let metadata = file.metadata().map_err(failed)?;
        if metadata.mode() & 0o077 != 0 {
            return Err(unusable("others than its owner can read it"));
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(unusable("it belongs to another user"));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH + 1));
        file.take(LENGTH as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() != LENGTH {
            return Err(unusable("it does not have 32 bytes"));
        }
        Ok(Self(bytes))
    }
}
