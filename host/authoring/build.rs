//! Packs the contract and the WASI packages beside it into the agent's binary, for `windlass plugin wit`.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// Where files are, relative to this crate, and where an author finds them.
const FOLDERS: [(&str, &str); 3] = [("wit", ""), ("wit/deps", "deps/"), ("../../wit/0.2", "deps/windlass-plugin/")];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut table = String::from("&[\n");
    for (folder, place) in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        for path in files(Path::new(folder))? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let text = fs::read(&path)?;
            let packed = out.join(format!("{}{name}.deflate", place.replace('/', "-")));
            let mut encoder = DeflateEncoder::new(fs::File::create(&packed)?, Compression::best());
            encoder.write_all(&text)?;
            encoder.finish()?;
            writeln!(
                table,
                "    Packed {{ path: \"{place}{name}\", size: {}, bytes: include_bytes!(\"{}\") }},",
                text.len(),
                packed.display()
            )
            .map_err(io::Error::other)?;
        }
    }
    table.push_str("]\n");
    fs::write(out.join("contract.rs"), table)
}

/// The files of a folder that are WIT, in order.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wit") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
