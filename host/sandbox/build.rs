//! Puts the first-party plugins into the agent's binary, where they are built: `cargo xtask plugins` first.
//!
//! Each is packed, and its digest and size stand beside it, so that the agent unpacks only what it compiles.
//! Without them the agent is built all the same and carries none.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use sha2::{Digest as _, Sha256};

/// How first-party plugins are named.
const PREFIXES: [&str; 4] = ["check-", "strategy-", "smoke-", "recorder-"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=WINDLASS_PLUGINS_DIR");
    println!("cargo::rerun-if-env-changed=CARGO_TARGET_DIR");
    let directory = directory();
    // A directory that is not there would make cargo run this every time.
    fs::create_dir_all(&directory)?;
    println!("cargo::rerun-if-changed={}", directory.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut table = String::from("&[\n");
    for (name, path) in plugins(&directory)? {
        println!("cargo::rerun-if-changed={}", path.display());
        let component = fs::read(&path)?;
        let (digest, size) = (hex::encode(Sha256::digest(&component)), component.len());
        let packed = out.join(&name).with_extension("deflate");
        fs::write(&packed, pack(&component)?)?;
        writeln!(
            table,
            "    Packed {{ name: {name:?}, digest: \"sha256:{digest}\", size: {size}, bytes: include_bytes!(\"{}\") }},",
            packed.display()
        )
        .map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    fs::write(out.join("bundled.rs"), table)
}

/// Small where the agent is built to be shipped; elsewhere packing would take longer than compiling.
fn pack(component: &[u8]) -> io::Result<Vec<u8>> {
    let is_optimised = env::var("OPT_LEVEL").is_ok_and(|level| level != "0");
    let level = if is_optimised { Compression::best() } else { Compression::none() };
    let mut encoder = DeflateEncoder::new(Vec::new(), level);
    encoder.write_all(component)?;
    encoder.finish()
}

fn directory() -> PathBuf {
    let variable = |name| env::var_os(name).map(PathBuf::from);
    let root = variable("CARGO_MANIFEST_DIR").unwrap_or_default().join("../..");
    variable("WINDLASS_PLUGINS_DIR")
        .unwrap_or_else(|| variable("CARGO_TARGET_DIR").unwrap_or_else(|| root.join("target")).join("plugins"))
}

fn plugins(directory: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut plugins = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let is_component = path.extension().is_some_and(|extension| extension == "wasm");
        // The tests' own guests lie in the same directory.
        let is_ours = Path::new("../../plugins").join(&name).is_dir();
        if is_component && is_ours && PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            plugins.push((name, fs::canonicalize(&path)?));
        }
    }
    plugins.sort();
    Ok(plugins)
}
