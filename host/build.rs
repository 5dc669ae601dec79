//! Puts the first-party plugins into the agent's binary, where they are built: `cargo xtask plugins` first.
//!
//! Without them the agent is built all the same and carries none.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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
    let mut table = String::from("&[\n");
    for (name, path) in plugins(&directory)? {
        println!("cargo::rerun-if-changed={}", path.display());
        let file = path.to_string_lossy();
        writeln!(table, "    ({name:?}, include_bytes!({file:?})),").map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("bundled.rs"), table)
}

fn directory() -> PathBuf {
    let variable = |name| env::var_os(name).map(PathBuf::from);
    let root = variable("CARGO_MANIFEST_DIR").unwrap_or_default().join("..");
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
        let is_ours = Path::new("../plugins").join(&name).is_dir();
        if is_component && is_ours && PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
            plugins.push((name, fs::canonicalize(&path)?));
        }
    }
    plugins.sort();
    Ok(plugins)
}
