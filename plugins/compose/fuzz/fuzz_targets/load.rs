//! Whatever a release holds, reading it ends: with a model or with problems that say where, within the limits.
//!
//! An input is a bundle as `tests/regressions/` keeps them: files, separated by lines of `=== name`.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use windlass_compose::{Limits, Options, load};

fuzz_target!(|input: &[u8]| {
    let files = bundle(input);
    let limits = Limits { file_bytes: 64 << 10, nodes: 20_000, all_nodes: 60_000, ..Limits::default() };
    let mut names: Vec<String> = files.keys().filter(|name| name.ends_with("yaml")).cloned().collect();
    names.sort_by_key(|name| name != "compose.yaml");
    names.truncate(2);
    let options = Options { files: names, limits, ..Options::default() };
    match load(&files, &options) {
        Ok(loaded) => {
            for path in ["services", "web.environment", "web.ports.0", "networks.default"] {
                let _ = loaded.explain(path).map(|origin| origin.to_string());
            }
        }
        Err(problems) => {
            assert!(!problems.0.is_empty() && problems.0.len() <= limits.problems + 1);
            for problem in &problems.0 {
                assert!(problem.message.len() <= 1010, "{}", problem.message);
                assert!(problem.position.as_ref().is_none_or(|position| position.line >= 1), "{problem}");
            }
        }
    }
});

/// What stands before the first separator is `compose.yaml`.
fn bundle(input: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut name = "compose.yaml".to_owned();
    let mut content: Vec<u8> = Vec::new();
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"=== ") {
            Some(next) => {
                files.insert(std::mem::take(&mut name), std::mem::take(&mut content));
                name = String::from_utf8_lossy(next).trim_end().to_owned();
            }
            None => content.extend_from_slice(line),
        }
    }
    files.insert(name, content);
    // A regression begins with a separator, so nothing stands before it.
    files.retain(|name, content| name != "compose.yaml" || !content.is_empty());
    files
}
