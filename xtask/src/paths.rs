//! Where things are in the repository.

use std::path::{Path, PathBuf};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Cargo's target directory of the host.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where built plugins are collected.
pub(crate) fn plugins() -> PathBuf {
    target().join("plugins")
}

/// Guests are built apart, so that neither build invalidates the other.
pub(crate) fn guest_target() -> PathBuf {
    target().join("guest")
}
