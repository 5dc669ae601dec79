//! What the fuzzer begins with, and every input that ever broke something: `host/fuzz/seeds`, for the tests of each crate
//! that takes such input.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Gives an entry of the fuzzer each file of the directory of that name, and says how many there are.
///
/// # Errors
/// When the directory cannot be read. What the entry finds wrong is a panic of its own.
pub fn seeds(name: &str, entry: impl Fn(&[u8])) -> Result<usize> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../host/fuzz/seeds").join(name);
    let mut count = 0;
    for file in fs::read_dir(&directory).with_context(|| format!("cannot list {}", directory.display()))? {
        entry(&fs::read(file?.path())?);
        count += 1;
    }
    Ok(count)
}
