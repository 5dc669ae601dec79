//! A component that is asked for: its digest and size, and its bytes when they are needed.
//!
//! A plugin that was admitted before is found by its digest alone, so those of the agent itself stay packed.

use std::borrow::Cow;
use std::sync::OnceLock;

use super::admit::Refusal;
use super::bundled::Packed;
use super::disk;

/// A component, packed or unpacked.
pub(super) struct Wasm<'a> {
    /// `sha256:` and its digest.
    pub(super) digest: Cow<'static, str>,
    /// Its size in bytes.
    pub(super) size: u64,
    content: Content<'a>,
}

enum Content<'a> {
    Whole(Cow<'a, [u8]>),
    Packed(&'static Packed, OnceLock<Vec<u8>>),
}

impl<'a> Wasm<'a> {
    /// Creates a component from its bytes.
    pub(super) fn whole(bytes: Cow<'a, [u8]>) -> Self {
        Self { digest: Cow::Owned(disk::digest(&bytes)), size: bytes.len() as u64, content: Content::Whole(bytes) }
    }

    /// Creates a component from one that is built into the agent.
    pub(super) fn packed(packed: &'static Packed) -> Self {
        Self {
            digest: Cow::Borrowed(packed.digest),
            size: packed.size,
            content: Content::Packed(packed, OnceLock::new()),
        }
    }

    /// Its bytes; unpacked once.
    pub(super) fn bytes(&self) -> Result<&[u8], Refusal> {
        match &self.content {
            Content::Whole(bytes) => Ok(bytes),
            Content::Packed(packed, unpacked) => {
                if let Some(bytes) = unpacked.get() {
                    return Ok(bytes);
                }
                let bytes = packed.unpack().map_err(Refusal::Damaged)?;
                Ok(unpacked.get_or_init(|| bytes))
            }
        }
    }
}
