//! `cargo xtask fuzz`: gives the code that takes what strangers write whatever a fuzzer makes up, until the time is over or
//! something breaks.
//!
//! The tests do the same with inputs of their own, the same ones in every run; this looks for others, guided by what
//! code they reach. What it finds is kept: for Compose files in `plugins/compose/tests/regressions`, for all else in
//! `host/fuzz/seeds`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::{paths, process, setup};

/// What can be tried, by name: everything in `host/fuzz`, and Compose files.
const COMPOSE: &str = "compose";

/// Tries each of these, or everything, for so many seconds.
pub(crate) fn run(names: &[String], seconds: u32) -> Result<()> {
    setup::tools::ensure("fuzz", &[])?;
    let known = known()?;
    if let Some(name) = names.iter().find(|name| !known.contains(name)) {
        bail!("there is no `{name}` to fuzz; there are `{}`", known.join("`, `"));
    }
    for name in known.iter().filter(|name| names.is_empty() || names.contains(name)) {
        one(name, seconds)?;
    }
    Ok(())
}

/// Directories of seeds in `host/fuzz`, which are the targets there.
fn known() -> Result<Vec<String>> {
    let seeds = host().join("fuzz/seeds");
    let entries = fs::read_dir(&seeds).with_context(|| format!("cannot list {}", seeds.display()))?;
    let mut names: Vec<String> = vec![COMPOSE.to_owned()];
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn host() -> PathBuf {
    paths::root().join("host")
}

fn one(name: &str, seconds: u32) -> Result<()> {
    let work = paths::target().join("fuzz");
    let (inputs, found) = (work.join("inputs").join(name), work.join("found").join(name));
    for directory in [&inputs, &found] {
        fs::create_dir_all(directory)?;
    }
    let (library, target, kept) = if name == COMPOSE {
        let library = paths::root().join("plugins/compose");
        seeds(&library.join("tests/corpus"), &inputs)?;
        let kept = library.join("tests/regressions");
        (library, "load", kept)
    } else {
        let kept = host().join("fuzz/seeds").join(name);
        for seed in fs::read_dir(&kept)? {
            let seed = seed?;
            fs::copy(seed.path(), inputs.join(seed.file_name()))?;
        }
        (host(), name, kept)
    };
    let mut command = process::cargo();
    command.current_dir(&library).env("CARGO_TARGET_DIR", &work);
    // Instrumented code needs options that a stable compiler keeps back; nothing that is shipped is built like this.
    command.env("RUSTC_BOOTSTRAP", "1").args(["fuzz", "run", target]).arg(&inputs).arg("--");
    command.args(["-timeout=10", "-rss_limit_mb=2048", "-max_len=8000"]);
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-artifact_prefix={}/", found.display()));
    if process::run(&mut command).is_err() {
        bail!(
            "`{name}` broke: mend it, and keep the input that is named above (below {}) in {}",
            found.display(),
            kept.display()
        );
    }
    Ok(())
}

/// Every case of the corpus as one input: its files, separated by lines of `=== name`.
fn seeds(corpus: &Path, inputs: &Path) -> Result<()> {
    for case in directories(corpus, 3)? {
        let mut input = Vec::new();
        add(&case, "", &mut input)?;
        let name = case.strip_prefix(corpus)?.display().to_string().replace('/', "-");
        fs::write(inputs.join(name), input)?;
    }
    Ok(())
}

/// Directories that lie so deep.
fn directories(root: &Path, depth: usize) -> Result<Vec<PathBuf>> {
    let mut level = vec![root.to_owned()];
    for _ in 0..depth {
        let mut next = Vec::new();
        for directory in &level {
            for entry in fs::read_dir(directory)? {
                next.extend(Some(entry?.path()).filter(|path| path.is_dir()));
            }
        }
        level = next;
    }
    Ok(level)
}

fn add(directory: &Path, prefix: &str, input: &mut Vec<u8>) -> Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            add(&entry.path(), &format!("{name}/"), input)?;
        } else if !matches!(name.as_str(), "case.toml" | "expected.json") {
            input.extend(format!("=== {name}\n").into_bytes());
            input.extend(fs::read(entry.path())?);
            if !input.ends_with(b"\n") {
                input.push(b'\n');
            }
        }
    }
    Ok(())
}
