//! The contract with plugins as files that other toolchains read: the worlds for guests, the contract, and the WASI packages
//! that both stand on.
//!
//! The files are packed by `build.rs`. What they mean is not known here.

use std::io::{self, Read as _};

use flate2::read::DeflateDecoder;
use windlass_sandbox::CONTRACT;

use crate::error::AuthoringError;
use crate::files::File;

/// A file of the contract, packed.
struct Packed {
    path: &'static str,
    /// Bytes of the file.
    size: u64,
    bytes: &'static [u8],
}

static PACKED: &[Packed] = include!(concat!(env!("OUT_DIR"), "/contract.rs"));

/// The contract of this agent.
#[derive(Debug)]
pub struct Contract {
    /// Its version: `0.2.0`.
    pub version: String,
    /// Its files, so that a directory with these alone can be resolved.
    pub files: Vec<File>,
}

/// The contract of this agent, with all that it depends on.
pub fn contract() -> Result<Contract, AuthoringError> {
    let files = PACKED.iter().map(Packed::unpack).collect::<io::Result<_>>().map_err(AuthoringError::Damaged)?;
    Ok(Contract { version: format!("{CONTRACT}.0"), files })
}

impl Packed {
    fn unpack(&self) -> io::Result<File> {
        let mut text = String::new();
        DeflateDecoder::new(self.bytes).take(self.size).read_to_string(&mut text)?;
        Ok(File { path: self.path.to_owned(), text })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use wit_parser::Resolve;

    use super::*;

    /// What toolchains do first.
    #[test]
    fn the_directory_is_resolved_alone_and_has_a_world_for_each_kind() {
        let directory = tempfile::tempdir().unwrap();
        let contract = contract().unwrap();
        crate::write(directory.path(), &contract.files).unwrap();
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(directory.path()).unwrap();
        for kind in windlass_foundation::identity::Kind::ALL {
            let world = resolve.select_world(&[package], Some(kind.word())).unwrap();
            let names = |of: &dyn Fn(&wit_parser::World) -> Vec<wit_parser::WorldKey>| -> Vec<String> {
                of(&resolve.worlds[world]).iter().map(|key| resolve.name_world_key(key)).collect()
            };
            let imports = names(&|world| world.imports.keys().cloned().collect());
            let mut exports = names(&|world| world.exports.keys().cloned().collect());
            exports.sort_by_key(|name| name.contains(&format!("/{}@", kind.word())));
            let version = &contract.version;
            assert!(imports.contains(&format!("windlass:plugin/context@{version}")), "{kind}: {imports:?}");
            assert!(imports.iter().any(|it| it.starts_with("wasi:http/outgoing-handler@0.2.")), "{kind}: {imports:?}");
            assert_eq!(
                exports,
                [format!("windlass:plugin/plugin@{version}"), format!("windlass:plugin/{}@{version}", kind.word())]
            );
        }
    }

    /// Cargo knows where the sources of the agent's own WASI are.
    #[test]
    fn wasi_is_the_one_that_the_agent_offers() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let told = std::process::Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--offline", "--locked", "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"))
            .output()
            .unwrap();
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        let packages = told["packages"].as_array().unwrap();
        let http = packages.iter().find(|package| package["name"] == "wasmtime-wasi-http").unwrap();
        let theirs = Path::new(http["manifest_path"].as_str().unwrap()).with_file_name("wit/deps");
        let mut compared = 0;
        for entry in std::fs::read_dir(theirs).unwrap() {
            let path = entry.unwrap().path();
            let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("wit/deps").join(path.file_name().unwrap());
            assert_eq!(std::fs::read_to_string(&ours).unwrap(), std::fs::read_to_string(&path).unwrap(), "{ours:?}");
            compared += 1;
        }
        assert_eq!(compared, 7);
    }
}
