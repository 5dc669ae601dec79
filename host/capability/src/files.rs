//! Files below roots that have names. Nothing outside a root can be reached by `..`, absolute paths or links.
//!
//! cap-std resolves every path inside the root's directory handle (openat2 with `RESOLVE_BENEATH` on Linux), so there
//! is no moment between a check and a use.

use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _, PermissionsExt as _};
use windlass_config::document::printable;
use windlass_domain::Failure;

use super::failure::{failure, lost, passing};
use super::grants::Grants;

/// The largest file that is read or written, in bytes.
pub const FILE_LIMIT: u64 = 8 << 20;

/// The most names that one listing returns.
pub const NAMES_LIMIT: usize = 10_000;

/// The root that every plugin has: the release's own bundle, for reading.
pub const BUNDLE: &str = "bundle";

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// In bytes.
    pub size: u64,
    /// Whether it is a directory.
    pub directory: bool,
}

/// Directories as one plugin call sees them.
#[derive(Debug, Clone)]
pub struct Files {
    grants: Arc<Grants>,
    bundle: Option<PathBuf>,
}

impl Files {
    /// Directories for one plugin call; `bundle` is the host's read-only copy of the release's bundle.
    #[must_use]
    pub fn new(grants: Arc<Grants>, bundle: Option<PathBuf>) -> Self {
        Self { grants, bundle }
    }

    /// Implements `files.read`: returns the content of a file below a granted root.
    pub async fn read(&self, root: &str, path: &str) -> Result<Vec<u8>, Failure> {
        let place = self.place(root, path, false)?;
        blocking(move || place.read()).await
    }

    /// Implements `files.stat`; none where nothing exists at the path.
    pub async fn stat(&self, root: &str, path: &str) -> Result<Option<Metadata>, Failure> {
        let place = self.place(root, path, false)?;
        blocking(move || place.stat()).await
    }

    /// Implements `files.list-directory`: returns the names in a directory below a granted root.
    pub async fn list_directory(&self, root: &str, path: &str) -> Result<Vec<String>, Failure> {
        let place = self.place(root, path, false)?;
        blocking(move || place.list()).await
    }

    /// Implements `files.write-atomic`: replaces a file as a whole. Fails with `limit-exceeded` above `FILE_LIMIT`
    /// bytes.
    pub async fn write_atomic(&self, root: &str, path: &str, data: Vec<u8>) -> Result<(), Failure> {
        let place = self.place(root, path, true)?;
        if data.len() as u64 > FILE_LIMIT {
            let message = format!("{} has {} bytes; the most are {FILE_LIMIT}", place.name, data.len());
            return Err(failure("limit-exceeded", message));
        }
        blocking(move || place.write(&data)).await
    }

    /// Decides which directory a root is and that the path is one inside it.
    fn place(&self, root: &str, path: &str, write: bool) -> Result<Place, Failure> {
        let name = printable(&format!("`{path}` of the root `{root}`"));
        let directory = if root == BUNDLE {
            if write {
                return Err(failure("capability-denied", format!("{name} cannot be written: a bundle is immutable")));
            }
            self.bundle.clone().ok_or_else(|| failure("not-found", "there is no bundle in this call"))?
        } else {
            self.grants.files_for(root, write)?.path.clone()
        };
        let mut inside = PathBuf::new();
        for part in Path::new(path).components() {
            match part {
                Component::CurDir => {}
                Component::Normal(part) => inside.push(part),
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(escape(&name)),
            }
        }
        if path.contains('\0') || path.len() > 4096 {
            return Err(failure("invalid-argument", format!("{name} is not a path")));
        }
        if inside.as_os_str().is_empty() {
            inside.push(".");
        }
        Ok(Place { directory, inside, name })
    }
}

/// A path inside a root.
struct Place {
    directory: PathBuf,
    inside: PathBuf,
    /// For messages.
    name: String,
}

impl Place {
    fn open_root(&self) -> Result<Dir, Failure> {
        // The operator's own path may lead through links; what is below may not lead out.
        Dir::open_ambient_dir(&self.directory, ambient_authority()).map_err(|error| {
            failure("unavailable", format!("the directory of {} cannot be opened: {error}", self.name))
        })
    }

    fn read(&self) -> Result<Vec<u8>, Failure> {
        let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
        let mut options = OpenOptions::new();
        // Opening a pipe must not wait for a writer.
        options.read(true).custom_flags(nonblock);
        let file = self.open_root()?.open_with(&self.inside, &options).map_err(|error| self.failed("read", &error))?;
        let metadata = file.metadata().map_err(|error| self.failed("read", &error))?;
        if !metadata.is_file() {
            return Err(failure("invalid-argument", format!("{} is not a regular file", self.name)));
        }
        let mut data = Vec::with_capacity(usize::try_from(metadata.len().min(FILE_LIMIT)).unwrap_or_default());
        file.take(FILE_LIMIT + 1).read_to_end(&mut data).map_err(|error| self.failed("read", &error))?;
        if data.len() as u64 > FILE_LIMIT {
            return Err(failure("limit-exceeded", format!("{} is larger than {FILE_LIMIT} bytes", self.name)));
        }
        Ok(data)
    }

    fn stat(&self) -> Result<Option<Metadata>, Failure> {
        match self.open_root()?.metadata(&self.inside) {
            Ok(metadata) => Ok(Some(Metadata { size: metadata.len(), directory: metadata.is_dir() })),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(self.failed("look at", &error)),
        }
    }

    fn list(&self) -> Result<Vec<String>, Failure> {
        let entries = self.open_root()?.read_dir(&self.inside).map_err(|error| self.failed("list", &error))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| self.failed("list", &error))?;
            if names.len() == NAMES_LIMIT {
                let message = format!("{} has more than {NAMES_LIMIT} entries", self.name);
                return Err(failure("limit-exceeded", message));
            }
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    }

    /// A temporary file beside the target, flushed, renamed over it, and the directory flushed.
    fn write(&self, data: &[u8]) -> Result<(), Failure> {
        let failed = |error: io::Error| self.failed("write", &error);
        let Some(file_name) = self.inside.file_name() else {
            return Err(failure("invalid-argument", format!("{} names no file", self.name)));
        };
        let root = self.open_root()?;
        let parent = self.inside.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = match parent {
            Some(parent) => make_directories(&root, parent).map_err(failed)?,
            None => root,
        };
        // A file that is replaced keeps its mode.
        let mode = directory.symlink_metadata(file_name).ok().filter(cap_std::fs::Metadata::is_file);
        let mode = mode.map_or(0o644, |metadata| metadata.permissions().mode() & 0o777);
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(|error| failed(io::Error::other(error)))?;
        let temporary = format!(".windlass-{}.tmp", hex::encode(random));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode);
        let written = directory.open_with(&temporary, &options).and_then(|mut file| {
            file.write_all(data)?;
            // What is recorded here is for others to read; the agent's own files are closed to them.
            if let Some(mask) = windlass_foundation::private::users_mask() {
                file.set_permissions(cap_std::fs::Permissions::from_mode(mode & !mask))?;
            }
            file.sync_all()?;
            directory.rename(&temporary, &directory, file_name)?;
            flush(&directory)
        });
        written.map_err(|error| {
            // The first error is reported. The temporary file may not exist, so an error of the removal is ignored.
            let _ = directory.remove_file(&temporary);
            failed(error)
        })
    }

    fn failed(&self, what: &str, error: &io::Error) -> Failure {
        let message = format!("cannot {what} {}: {error}", self.name);
        match error.kind() {
            // cap-std's own error has no number of the operating system.
            io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => escape(&self.name),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => failure("not-found", message),
            io::ErrorKind::IsADirectory | io::ErrorKind::InvalidFilename => failure("invalid-argument", message),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => passing("unavailable", message),
            _ => failure("unavailable", message),
        }
    }
}

fn escape(name: &str) -> Failure {
    failure("capability-denied", format!("{name} leads out of its root"))
}

/// Makes what is missing of a path, and flushes every directory on the way when anything was.
fn make_directories(root: &Dir, path: &Path) -> io::Result<Dir> {
    match root.open_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened,
    }
    let named = || path.ancestors().filter(|ancestor| !ancestor.as_os_str().is_empty());
    let missing: Vec<&Path> = named().filter(|ancestor| !root.exists(ancestor)).collect();
    root.create_dir_all(path)?;
    if let Some(mask) = windlass_foundation::private::users_mask() {
        for made in missing {
            root.set_permissions(made, cap_std::fs::Permissions::from_mode(0o777 & !mask))?;
        }
    }
    for ancestor in path.ancestors().skip(1).filter(|ancestor| !ancestor.as_os_str().is_empty()) {
        flush(&root.open_dir(ancestor)?)?;
    }
    flush(root)?;
    root.open_dir(path)
}

fn flush(directory: &Dir) -> io::Result<()> {
    directory.open(".")?.sync_all()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|_| lost("the file operation"))?
}

#[cfg(test)]
mod tests;
