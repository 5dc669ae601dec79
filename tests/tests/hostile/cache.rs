//! Compiled code that was tampered with, and compilers that fail.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use serde_json::json;
use tempfile::TempDir;
use windlass_foundation::identity::Kind;
use windlass_sandbox::Source;

use crate::hostile::support::{Yard, chain, guest, limits};

/// The only file below a directory with an extension.
fn only(directory: &Path, extension: &str) -> Result<PathBuf> {
    let entries = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    let mut found =
        entries.into_iter().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == extension));
    let path = found.next().context("nothing is there")?;
    anyhow::ensure!(found.next().is_none(), "more than one is there");
    Ok(path)
}

async fn passes(state: &Path) -> Result<()> {
    let yard = Yard::at(state, "")?;
    let plugin = yard.check().await?;
    let call = yard.call(&plugin, json!({"do": "pass"}))?;
    plugin.check(call).await.map(|_| ()).map_err(|failure| anyhow!(failure.message))
}

#[tokio::test]
async fn compiled_code_that_was_tampered_with_is_compiled_again() -> Result<()> {
    let state = TempDir::new()?;
    passes(state.path()).await?;
    let directory = state.path().join("cache/aot");
    let code = only(&directory, "cwasm")?;
    let (good, seal) = (fs::read(&code)?, fs::read(only(&directory, "seal")?)?);
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    // Changed, cut, empty, and another plugin's machine code with a seal of its own.
    for bad in [damaged, good[..good.len() / 3].to_vec(), Vec::new(), b"\x7fELF of another".to_vec()] {
        fs::remove_file(&code)?;
        fs::write(&code, bad)?;
        passes(state.path()).await?;
        assert_eq!(fs::read(&code)?, good, "it was compiled again");
    }
    fs::write(code.with_extension("seal"), b"not a seal")?;
    passes(state.path()).await?;
    assert_eq!(fs::read(code.with_extension("seal"))?, seal);
    Ok(())
}

#[tokio::test]
async fn compiled_code_that_was_verified_is_verified_again_when_its_file_was_touched() -> Result<()> {
    let state = TempDir::new()?;
    passes(state.path()).await?;
    let directory = state.path().join("cache/aot");
    let code = only(&directory, "cwasm")?;
    let (good, mark) = (fs::read(&code)?, fs::read(only(&directory, "mark")?)?);
    passes(state.path()).await?;
    assert_eq!(fs::read(only(&directory, "mark")?)?, mark, "nothing was touched");

    // In place, of the same length, and with the time of the last change of the content put back.
    let modified = fs::metadata(&code)?.modified()?;
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    let mut file = fs::File::options().write(true).open(&code)?;
    file.write_all(&damaged)?;
    file.set_modified(modified)?;
    drop(file);
    let identity = fs::metadata(&code)?.ino();
    passes(state.path()).await?;
    assert_eq!(fs::read(&code)?, good, "it was compiled again");
    assert_ne!(fs::metadata(&code)?.ino(), identity);

    // A copy, as out of a backup, is what it was, and need not be compiled again.
    let copy = directory.join("copy");
    fs::copy(&code, &copy)?;
    fs::rename(&copy, &code)?;
    let identity = fs::metadata(&code)?.ino();
    passes(state.path()).await?;
    assert_eq!(fs::metadata(&code)?.ino(), identity, "it was not compiled again");

    // A mark that was not made with this host's key is none.
    fs::write(only(&directory, "mark")?, [7; 32])?;
    passes(state.path()).await?;
    assert_ne!(fs::read(only(&directory, "mark")?)?, [7; 32]);
    Ok(())
}

#[tokio::test]
async fn what_admission_found_cannot_be_changed_on_disk() -> Result<()> {
    let state = TempDir::new()?;
    passes(state.path()).await?;
    let plugins = state.path().join("plugins/sha256");
    let place = fs::read_dir(&plugins)?.next().context("nothing is there")??.path();
    assert_eq!(fs::read(place.join("plugin.wasm"))?, guest("hostile-check")?);
    let record = fs::read_to_string(place.join("admitted"))?;
    fs::write(place.join("admitted"), record.replace("\"check\"", "\"smoke\""))?;
    passes(state.path()).await?;
    assert_eq!(fs::read_to_string(place.join("admitted"))?, record, "it was admitted again");
    Ok(())
}

#[tokio::test]
async fn machine_code_is_not_a_plugin() -> Result<()> {
    let state = TempDir::new()?;
    passes(state.path()).await?;
    let code = only(&state.path().join("cache/aot"), "cwasm")?;
    let yard = Yard::at(state.path(), "")?;
    let error = yard.plugins.admit(&Source::File(code), Some(Kind::Check)).await.err().context("it was admitted")?;
    assert!(
        chain(&error).contains("it is machine code (a program or a `.cwasm`), which is never accepted"),
        "{}",
        chain(&error)
    );
    Ok(())
}

#[tokio::test]
async fn a_compiler_that_runs_out_of_memory_or_time_harms_nobody() -> Result<()> {
    let state = TempDir::new()?;
    let refused = async |lines: &str| {
        let yard = Yard::at(state.path(), &limits(lines))?;
        let error = yard.admit("ours", guest("hostile-check")?, Kind::Check).await.err().context("it was admitted")?;
        Ok::<_, anyhow::Error>(chain(&error))
    };
    let text = refused("compile-memory = \"64MiB\"").await?;
    assert!(text.contains("it cannot be compiled within 64 MiB of memory (limit `compile-memory`)"), "{text}");
    let text = refused("compile-time = \"1ms\"").await?;
    assert!(text.contains("compiling it took longer than 1ms (limit `compile-time`)"), "{text}");
    passes(state.path()).await?;
    assert!(only(&state.path().join("cache/aot"), "cwasm").is_ok(), "nothing unfinished is left over");
    Ok(())
}
