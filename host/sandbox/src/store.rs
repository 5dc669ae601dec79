//! Plugins on disk: `plugins/sha256/DIGEST/plugin.wasm`, never changed, and beside it what admission found, sealed with
//! the host's key so that it need not be found again.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Manifest;
use super::admit::Description;
use super::disk;
use super::inspect::CONTRACT;

/// The format of [`Record`]; another one is admitted anew.
const RECORD_FORMAT: u32 = 1;

/// The largest record that is read, in bytes.
const LARGEST_RECORD: u64 = 16 << 20;

/// How many plugins are kept: those that were used last.
const KEPT: usize = 64;

/// The result of a plugin's admission, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Record {
    format: u32,
    /// The agent that admitted it: another version may ask for more.
    agent: String,
    pub(super) manifest: Manifest,
    pub(super) description: Description,
}

impl Record {
    pub(super) fn new(manifest: Manifest, description: Description) -> Self {
        Self { format: RECORD_FORMAT, agent: agent(), manifest, description }
    }
}

fn agent() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// The directory of plugins.
#[derive(Debug)]
pub(super) struct PluginStore {
    directory: PathBuf,
    key: Vec<u8>,
}

impl PluginStore {
    pub(super) fn new(state_directory: &Path, key: &[u8]) -> Self {
        Self { directory: state_directory.join("plugins/sha256"), key: key.to_owned() }
    }

    /// Keeps a plugin's bytes.
    pub(super) fn keep(&self, digest: &str, wasm: &[u8]) -> io::Result<()> {
        let path = self.place(digest).join("plugin.wasm");
        // A file of another content under this name is damage: the right bytes take its place.
        if disk::read(&path, wasm.len() as u64).is_ok_and(|kept| kept == wasm) {
            return Ok(());
        }
        disk::write(&path, wasm)
    }

    /// What admission found before, if this agent admitted the plugin on this host.
    pub(super) fn record(&self, digest: &str) -> Option<Record> {
        let text = disk::read(&self.record_path(digest), LARGEST_RECORD).ok()?;
        let line = text.iter().position(|byte| *byte == b'\n')?;
        let (seal, json) = (hex::decode(text.get(..line)?).ok()?, text.get(line + 1..)?);
        if !disk::is_sealed(&self.key, &purpose(digest), json, &seal) {
            return None;
        }
        let record: Record = serde_json::from_slice(json).ok()?;
        disk::touch(&self.place(digest));
        (record.format == RECORD_FORMAT && record.agent == agent()).then_some(record)
    }

    /// Keeps what admission found.
    pub(super) fn keep_record(&self, digest: &str, record: &Record) -> io::Result<()> {
        let json = serde_json::to_vec(record)?;
        let mut text = hex::encode(disk::seal(&self.key, &purpose(digest), &json)).into_bytes();
        text.push(b'\n');
        text.extend_from_slice(&json);
        disk::write(&self.record_path(digest), &text)?;
        disk::keep_newest(&self.directory, KEPT, |_| true);
        Ok(())
    }

    fn place(&self, digest: &str) -> PathBuf {
        self.directory.join(digest.strip_prefix("sha256:").unwrap_or(digest))
    }

    fn record_path(&self, digest: &str) -> PathBuf {
        self.place(digest).join("admitted")
    }
}

/// A record is for one plugin and one contract, and cannot pass for another's: what was admitted for an earlier contract is
/// looked at again.
fn purpose(digest: &str) -> String {
    format!("windlass admission for contract {CONTRACT} {digest}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_admitted_for_an_earlier_contract_is_looked_at_again() {
        let directory = tempfile::tempdir().unwrap();
        let store = PluginStore::new(directory.path(), b"key");
        let manifest = json!({ "format": 1, "name": "a", "version": "1.0.0", "kind": "check", "contract": "0.1.0" });
        let description = json!({ "config": {} });
        let record =
            Record::new(serde_json::from_value(manifest).unwrap(), serde_json::from_value(description).unwrap());
        let digest = format!("sha256:{}", "0".repeat(64));
        store.keep_record(&digest, &record).unwrap();
        assert!(store.record(&digest).is_some());
        // As agents sealed it that spoke 0.1.
        let json = serde_json::to_vec(&record).unwrap();
        let seal = hex::encode(disk::seal(b"key", &format!("windlass admission {digest}"), &json));
        disk::write(&store.record_path(&digest), &[seal.as_bytes(), b"\n", &json].concat()).unwrap();
        assert!(store.record(&digest).is_none());
    }
}
