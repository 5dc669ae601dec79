//! Files that the host makes for containers: secrets, and contents that a plugin gives.
//!
//! They live in `secrets/APPLICATION/` of the state directory, which only root can enter; the engine mounts single
//! files of it. A file's name is the hash of the text that it was made from, placeholders with their fingerprints
//! included, so that the same text is the same file and a changed secret is another one.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use windlass_domain::Failure;

use super::failure::failure;

/// Who may read a file, as seen from inside a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Access {
    /// The owner; the agent's user where nothing is said.
    pub(super) uid: Option<u32>,
    /// The group; the agent's where nothing is said.
    pub(super) gid: Option<u32>,
    /// Permission bits.
    pub(super) mode: u32,
}

impl Default for Access {
    /// Grants reading to every user inside the container.
    fn default() -> Self {
        Self { uid: None, gid: None, mode: 0o444 }
    }
}

/// The files of one application.
#[derive(Debug, Clone)]
pub(super) struct KeptFiles {
    directory: PathBuf,
}

impl KeptFiles {
    /// Creates the store of one application's files. Its directory has the application's name, with `_` in place of
    /// every character that is no ASCII letter or digit, `_`, `-` or `@`: with the last, an application under another name
    /// has a directory that is no application's.
    pub(super) fn new(state_directory: &Path, application: &str) -> Self {
        // A name that is more than one component cannot leave the directory: it is spelled differently.
        let application: String = application
            .chars()
            .map(
                |character| {
                    if character.is_ascii_alphanumeric() || "_-@".contains(character) { character } else { '_' }
                },
            )
            .collect();
        Self { directory: state_directory.join("secrets").join(application) }
    }

    /// The directory of the files.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes the file that `template` stands for, `access` included. Returns its path, and whether it was not there
    /// before.
    pub(super) fn keep(&self, template: &str, content: &[u8], access: Access) -> Result<(PathBuf, bool), Failure> {
        let name = hex::encode(&Sha256::digest(template.as_bytes())[..16]);
        let path = self.directory.join(name);
        self.write(&path, content, access).map(|new| (path.clone(), new)).map_err(|error| {
            failure("unavailable", format!("cannot write a file to mount, `{}`: {error}", path.display()))
        })
    }

    fn write(&self, path: &Path, content: &[u8], access: Access) -> io::Result<bool> {
        if fs::read(path).is_ok_and(|existing| existing == content) {
            return Ok(false);
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(content)?;
        if access.uid.is_some() || access.gid.is_some() {
            fchown(file.as_file(), access.uid, access.gid)?;
        }
        file.as_file().set_permissions(Permissions::from_mode(access.mode))?;
        file.as_file().sync_all()?;
        // A container that has the old file mounted keeps it. The new file appears whole or not at all.
        file.persist(path).map_err(|error| error.error)?;
        File::open(&self.directory)?.sync_all()?;
        Ok(true)
    }

    /// Forgets a file that nothing mounts any more. One that is gone is success; a failure leaves a file that only
    /// root can read.
    pub(super) fn forget(&self, path: &Path) {
        if path.parent() == Some(&self.directory)
            && let Err(error) = fs::remove_file(path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %path.display(), %error, "cannot remove a file that no container mounts any more");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn an_application_under_another_name_has_a_directory_of_its_own() {
        let directory = |application: &str| KeptFiles::new(Path::new("/state"), application).directory().to_owned();
        assert_eq!(directory("kudos@pr-123"), Path::new("/state/secrets/kudos@pr-123"));
        assert_ne!(directory("kudos@pr-123"), directory("kudos_pr-123"));
        assert_eq!(directory("../x"), Path::new("/state/secrets/___x"));
    }

    #[test]
    fn a_file_is_whole_readable_and_in_a_closed_directory() {
        let state = tempfile::tempdir().unwrap();
        let files = KeptFiles::new(state.path(), "../kudos");
        let (path, new) = files.keep("{{windlass.secret:a@0}}", b"value", Access::default()).unwrap();
        assert!(new && path.starts_with(state.path().join("secrets")), "{}", path.display());
        assert_eq!(fs::read(&path).unwrap(), b"value");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o444);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(!files.keep("{{windlass.secret:a@0}}", b"value", Access::default()).unwrap().1);
        let owner = fs::metadata(&path).unwrap().uid();
        let access = Access { uid: Some(owner), gid: None, mode: 0o400 };
        let (closed, _) = files.keep("{{windlass.content;mode=0400:dg==}}", b"v", access).unwrap();
        assert_eq!(fs::metadata(&closed).unwrap().permissions().mode() & 0o7777, 0o400);
        files.forget(&path);
        files.forget(&path);
        assert!(!path.exists());
    }

    #[test]
    fn nothing_outside_the_directory_is_forgotten() {
        let state = tempfile::tempdir().unwrap();
        let other = state.path().join("journal");
        fs::write(&other, "").unwrap();
        KeptFiles::new(state.path(), "kudos").forget(&other);
        assert!(other.exists());
    }
}
