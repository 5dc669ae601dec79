//! The digests of a bundle and of its files.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};
use windlass_domain::Bundle;

/// One file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// `sha256:…` of its content.
    pub(super) digest: String,
    /// Its size in bytes.
    pub(super) size: u64,
    /// Whether its owner may execute it: a script that is mounted into a container needs that.
    pub(super) executable: bool,
}

/// Files by path.
pub(super) type Entries = BTreeMap<String, Entry>;

/// The document about these files. Its digest covers names, contents and which of them are executable: SHA-256 over one
/// line per file in the order of their names, `DIGEST MODE PATH`, where the mode is `x` or `-`.
pub(super) fn bundle(entries: &Entries) -> Bundle {
    let lines = entries.iter().map(|(path, entry)| (entry.digest.as_str(), entry.executable, path.as_str()));
    let digest = of_lines(lines);
    let files = entries.iter().map(|(path, entry)| (path.clone(), entry.digest.clone())).collect();
    let programs = entries.iter().filter(|(_, entry)| entry.executable).map(|(path, _)| path.clone()).collect();
    Bundle { digest, files, programs: Some(programs) }
}

/// The digest over files in the order of their names: the digest of each, whether it is executable, and its path.
pub(super) fn of_lines<'a>(files: impl Iterator<Item = (&'a str, bool, &'a str)>) -> String {
    let mut hash = Sha256::new();
    for (digest, executable, path) in files {
        let mode = if executable { 'x' } else { '-' };
        hash.update(format!("{digest} {mode} {path}\n"));
    }
    name(hash)
}

/// Copies a stream and returns the digest and the size of what was copied.
pub(super) fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<(String, u64)> {
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hash.update(&buffer[..count]);
        to.write_all(&buffer[..count])?;
        size += count as u64;
    }
    Ok((name(hash), size))
}

fn name(hash: Sha256) -> String {
    format!("sha256:{}", hex::encode(hash.finalize()))
}
