//! Which key a client proved: the file that sshd writes for a session when `ExposeAuthInfo` is on.
//!
//! It belongs to the session's user, so it is believed only as far as that user can run nothing but the forced command. sshd
//! removes it when the session ends, so it is read first.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use windlass_foundation::explain::{ExitCode, Explain};
use windlass_foundation::regular;

use crate::key::{KeyError, Presented};
use crate::server;

/// The variable that names the file.
pub const VARIABLE: &str = "SSH_USER_AUTH";

/// The variable that has what the client asked for.
pub const COMMAND: &str = "SSH_ORIGINAL_COMMAND";

/// The most bytes of the file: a line for each method, and the largest certificate in one.
const LIMIT: u64 = 64 * 1024;

/// Why it is not known which key a client proved.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// sshd does not say it.
    #[error("sshd does not say which key was used: `{VARIABLE}` is not set")]
    Unexposed {
        /// The user of the session.
        user: String,
    },
    /// The file cannot be read.
    #[error("the file in which sshd says which key was used, `{}`, cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// sshd makes it for the session's user alone.
    #[error("`{}` is not the file of this session: it is not this user's alone", path.display())]
    Foreign {
        /// The file that was named.
        path: PathBuf,
    },
    /// It was no key, or more than one.
    #[error("the session was opened with {number} keys, and it must be one")]
    Number {
        /// How many.
        number: usize,
    },
    /// What stands there is no key.
    #[error("the key that sshd names cannot be read")]
    Key(#[source] KeyError),
}

impl Explain for SessionError {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unexposed { user } => {
                Some(format!("the operator adds to {}, and reloads sshd:\n\n{}", server::PLACE, server::lines(user)))
            }
            Self::Number { .. } => Some("`AuthenticationMethods publickey` in sshd's configuration".to_owned()),
            Self::Key(error) => error.hint(),
            Self::Foreign { .. } => {
                Some(format!("where sshd sets `{VARIABLE}` by itself, `ExposeAuthInfo yes`, no client can"))
            }
            Self::Unreadable { .. } => None,
        }
    }
}

/// The key of the session whose file this variable named. `user` is for the text of an error.
///
/// # Errors
/// When that is not known.
pub fn presented(variable: Option<OsString>, user: &str) -> Result<Presented, SessionError> {
    let Some(path) = variable.filter(|path| !path.is_empty()).map(PathBuf::from) else {
        return Err(SessionError::Unexposed { user: user.to_owned() });
    };
    let unreadable = |source| SessionError::Unreadable { path: path.clone(), source };
    let file = regular::open(&path).map_err(unreadable)?;
    // A client may set the variable where sshd does not, and `AcceptEnv` takes it. It cannot make such a file.
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o077 != 0 {
        return Err(SessionError::Foreign { path });
    }
    let content = regular::whole(file, LIMIT).map_err(unreadable)?;
    read(&String::from_utf8_lossy(&content))
}

/// The key in a line `publickey KIND BASE64`. Lines of other methods have none.
fn read(content: &str) -> Result<Presented, SessionError> {
    let keys: Vec<&str> = content.lines().filter_map(|line| line.strip_prefix("publickey ")).collect();
    let [key] = keys.as_slice() else { return Err(SessionError::Number { number: keys.len() }) };
    let mut words = key.split(' ');
    let (Some(kind), Some(base64), None) = (words.next(), words.next(), words.next()) else {
        return Err(SessionError::Key(KeyError::NoKey));
    };
    Presented::read(kind, base64).map_err(SessionError::Key)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5AXcRAKsV9HMmcDVC+CgYYyjELuV0NSIHpbsDs9rPl";

    #[test]
    fn exactly_one_key_opened_the_session() {
        for content in [format!("publickey {KEY}\n"), format!("publickey {KEY}\npassword\nkeyboard-interactive pam\n")]
        {
            assert!(read(&content).is_ok(), "{content}");
        }
        for content in ["", "password\n", "hostbased ssh-ed25519 AAAA\n"] {
            assert!(matches!(read(content), Err(SessionError::Number { number: 0 })), "{content}");
        }
        let two = format!("publickey {KEY}\npublickey {KEY}\n");
        assert!(matches!(read(&two), Err(SessionError::Number { number: 2 })));
        for content in ["publickey \n", "publickey ssh-ed25519\n", &format!("publickey {KEY} more\n")] {
            assert!(matches!(read(content), Err(SessionError::Key(_))), "{content}");
        }
    }

    #[test]
    fn without_the_file_nothing_is_guessed_and_the_lines_for_sshd_are_shown() {
        for variable in [None, Some(OsString::new())] {
            let error = presented(variable, "deploy").unwrap_err();
            assert_eq!(error.exit(), ExitCode::Configuration);
            let hint = error.hint().unwrap();
            assert!(hint.contains("Match User deploy\n") && hint.contains("ExposeAuthInfo yes\n"), "{hint}");
        }
        for path in ["/nowhere/at/all", "/dev/zero", "/"] {
            let error = presented(Some(path.into()), "deploy").unwrap_err();
            assert!(matches!(error, SessionError::Unreadable { .. }), "{path}: {error}");
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("auth");
        std::fs::write(&path, format!("publickey {KEY}\n")).unwrap();
        let set = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let presented = |path: &Path| presented(Some(path.into()), "deploy");
        set(0o600);
        assert!(presented(&path).is_ok());
        for mode in [0o604, 0o640, 0o620] {
            set(mode);
            assert!(matches!(presented(&path), Err(SessionError::Foreign { .. })), "{mode:o}");
        }
        set(0o600);
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
            assert!(matches!(presented(&path), Err(SessionError::Foreign { .. })));
            std::os::unix::fs::chown(&path, Some(0), None).unwrap();
        }
        std::fs::write(&path, vec![b'a'; 64 * 1024 + 1]).unwrap();
        assert!(matches!(presented(&path), Err(SessionError::Unreadable { .. })));
    }
}
