//! Machine code of admitted plugins, kept between runs.
//!
//! A file's name says what it was made from: the plugin's digest, wasmtime's full version, and a fingerprint of every
//! setting that machine code depends on. Beside it lies a seal over its content, made with the host's key, and a mark,
//! made with the same key, that the seal was found right for this very file as the kernel knows it: a file that was not
//! touched since is not read again. Whatever does not fit is compiled again. Machine code from anywhere else is never
//! loaded.

use std::io;
use std::path::{Path, PathBuf};

use wasmtime::component::Component;
use windlass_config::Limits;

use super::admit::Refusal;
use super::compile::{CompileError, compile};
use super::disk;
use super::engine::{Runtime, WASMTIME_VERSION};
use super::wasm::Wasm;

/// The purpose in the seals of machine code.
const PURPOSE: &str = "windlass machine code";

/// The purpose in the marks of files whose seals were found right.
const MARK: &str = "windlass machine code as it lies";

/// The largest machine code that is loaded, in bytes.
const LARGEST: u64 = 1 << 30;

/// How often a file is loaded that is touched meanwhile.
const LOOKS: usize = 5;

/// How many plugins keep their machine code: those that were used last.
const KEPT: usize = 64;

/// Why there is no machine code of a plugin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// Compiling failed.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The cache cannot be written.
    #[error("cannot keep compiled code in {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What was just compiled cannot be loaded.
    #[error("compiled code cannot be loaded: {0}")]
    Load(String),
}

/// The directory of machine code.
#[derive(Debug)]
pub(super) struct Cache {
    directory: PathBuf,
    key: Vec<u8>,
    compatibility: String,
}

impl Cache {
    pub(super) fn new(state_directory: &Path, key: &[u8], runtime: &Runtime) -> Self {
        Self {
            directory: state_directory.join("cache/aot"),
            key: key.to_owned(),
            compatibility: runtime.compatibility(),
        }
    }

    /// The machine code of a plugin, from before or compiled now.
    pub(super) async fn load(
        &self,
        runtime: &Runtime,
        wasm: &Wasm<'_>,
        compiler: &Path,
        limits: &Limits,
    ) -> Result<Component, Refusal> {
        let digest = wasm.digest.as_ref();
        let path = self.path(digest);
        match self.load_sealed(runtime, &path) {
            Ok(component) => {
                // Not the code itself, which would be another file to its mark.
                disk::touch(&seal_of(&path));
                return Ok(component);
            }
            Err(reason) => tracing::debug!(path = %path.display(), reason, "compiling a plugin"),
        }
        let failed = |source| CacheError::Write { path: path.clone(), source };
        let file = disk::temporary(&path).map_err(failed)?;
        let output = file.as_file().try_clone().map_err(failed)?;
        compile(compiler, wasm.bytes()?, output, limits).await.map_err(CacheError::Compile)?;
        let code = disk::read(file.path(), LARGEST).map_err(failed)?;
        disk::write(&seal_of(&path), &disk::seal(&self.key, &purpose(PURPOSE, &path), &code)).map_err(failed)?;
        drop(code);
        // A new file takes the name: one that is mapped into another process stays as it is.
        disk::publish(file, &path).map_err(failed)?;
        self.forget_others(digest, &path);
        let is_seal = |path: &Path| path.extension().is_some_and(|extension| extension == "seal");
        for gone in disk::keep_newest(&self.directory, KEPT, is_seal) {
            let _ = std::fs::remove_file(gone.with_extension("cwasm"));
            let _ = std::fs::remove_file(mark_of(&gone));
        }
        self.load_sealed(runtime, &path).map_err(|reason| CacheError::Load(reason).into())
    }

    /// Whether there is a file with compiled code of a plugin. The file itself is not checked.
    pub(super) fn has(&self, digest: &str) -> bool {
        self.path(digest).is_file()
    }

    /// Removes what other versions of the agent compiled from the same plugin. Nothing depends on it.
    fn forget_others(&self, digest: &str, current: &Path) {
        let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
        for entry in std::fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_same_plugin = entry.file_name().to_string_lossy().starts_with(digits);
            if is_same_plugin && path.file_stem() != current.file_stem() {
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// `DIGEST-VERSION-FINGERPRINT.cwasm`.
    fn path(&self, digest: &str) -> PathBuf {
        let digits = digest.strip_prefix("sha256:").unwrap_or(digest);
        self.directory.join(format!("{digits}-{WASMTIME_VERSION}-{}.cwasm", self.compatibility))
    }

    /// Loads what is there. A file that was touched meanwhile, by a backup that links it for example, is looked at again.
    fn load_sealed(&self, runtime: &Runtime, path: &Path) -> Result<Component, String> {
        for _ in 0..LOOKS {
            if let Some(component) = self.load_untouched(runtime, path)? {
                return Ok(component);
            }
        }
        Err("it was changed each time that it was loaded".to_owned())
    }

    /// The same once; none where the file was touched meanwhile.
    fn load_untouched(&self, runtime: &Runtime, path: &Path) -> Result<Option<Component>, String> {
        let reason = |error: io::Error| error.to_string();
        let seal = disk::read(&seal_of(path), 1024).map_err(reason)?;
        // Looked at before the content: what is changed in between is another file the next time.
        let lies = disk::stamp(path).map_err(reason)?;
        let (marked, purposes) = ([lies.as_slice(), &seal].concat(), (purpose(PURPOSE, path), purpose(MARK, path)));
        let mark = disk::read(&mark_of(path), 1024).unwrap_or_default();
        if !disk::is_sealed(&self.key, &purposes.1, &marked, &mark) {
            let code = disk::read(path, LARGEST).map_err(reason)?;
            if !disk::is_sealed(&self.key, &purposes.0, &code, &seal) {
                return Err("its seal is not from this host".to_owned());
            }
            drop(code);
            // Without a mark, it is read again the next time.
            if let Err(error) = disk::write(&mark_of(path), &disk::seal(&self.key, &purposes.1, &marked)) {
                tracing::debug!(path = %path.display(), %error, "its seal is verified again the next time");
            }
        }
        let component = deserialize(runtime, path).map_err(|error| format!("{error:#}"))?;
        let is_untouched = disk::stamp(path).map_err(reason)? == lies;
        Ok(is_untouched.then_some(component))
    }
}

/// A seal is for one file name, so that sealed code of one plugin cannot pass for another's.
fn purpose(of: &str, path: &Path) -> String {
    format!("{of} {}", path.file_name().unwrap_or_default().to_string_lossy())
}

fn seal_of(path: &Path) -> PathBuf {
    path.with_extension("seal")
}

fn mark_of(path: &Path) -> PathBuf {
    path.with_extension("mark")
}

/// Maps machine code into this process.
#[expect(unsafe_code, reason = "wasmtime cannot verify machine code; the seal and the directory's owner vouch for it")]
fn deserialize(runtime: &Runtime, path: &Path) -> wasmtime::Result<Component> {
    // SAFETY: the bytes were written by `Engine::precompile_component` of this very version: the seal over them, under
    // a key that only this host's agent reads, was verified, just now or when the file was last touched. The file stays as it is while it is mapped: it
    // lies in a directory that only the agent's user can write to, and is replaced by renaming, never written into.
    unsafe { Component::deserialize_file(runtime.engine(), path) }
}
