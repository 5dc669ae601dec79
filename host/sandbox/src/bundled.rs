//! The first-party plugins that the agent's binary carries; `build.rs` packs them and puts them in.

use std::io::{self, Read as _};

use flate2::read::DeflateDecoder;

/// A component of the agent's own, packed.
#[derive(Debug)]
pub(super) struct Packed {
    pub(super) name: &'static str,
    /// `sha256:` and the digest of the component.
    pub(super) digest: &'static str,
    /// Bytes of the component.
    pub(super) size: u64,
    bytes: &'static [u8],
}

/// The components that are built into the agent, sorted by name.
#[expect(clippy::unreadable_literal, reason = "the sizes in the generated file are read by nothing but the compiler")]
static BUNDLED: &[Packed] = include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

impl Packed {
    /// The component's bytes, decompressed.
    pub(super) fn unpack(&self) -> io::Result<Vec<u8>> {
        let mut component = Vec::new();
        DeflateDecoder::new(self.bytes).take(self.size).read_to_end(&mut component)?;
        Ok(component)
    }
}

/// The component of that name.
pub(super) fn component(name: &str) -> Option<&'static Packed> {
    BUNDLED.iter().find(|bundled| bundled.name == name)
}

/// All names, sorted.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    BUNDLED.iter().map(|bundled| bundled.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk;

    #[test]
    fn what_is_unpacked_is_what_was_packed() {
        for bundled in BUNDLED {
            let component = bundled.unpack().unwrap();
            assert_eq!(component.len() as u64, bundled.size, "{}", bundled.name);
            assert_eq!(disk::digest(&component), bundled.digest, "{}", bundled.name);
        }
    }
}
