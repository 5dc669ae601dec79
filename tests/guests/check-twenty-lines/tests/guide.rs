//! The guide shows this very check, and the check does what the guide says.

use std::collections::BTreeMap;

use check_twenty_lines::{Config, VersionLabel};
use windlass_sdk::documents::{Bundle, RELEASE_FORMAT};
use windlass_sdk::{Fixture, prelude::*};

const GUIDE: &str = include_str!("../../../../docs/plugin-guide.md");

fn release(version: &str) -> Release {
    Release {
        format: RELEASE_FORMAT,
        id: "sha256:0".to_owned(),
        application: "kudos".to_owned(),
        version: version.to_owned(),
        commit: None,
        artifacts: BTreeMap::new(),
        inputs: BTreeMap::new(),
        bundle: Bundle { digest: "sha256:0".to_owned(), files: BTreeMap::new(), programs: None },
        migration: None,
    }
}

#[test]
fn the_guide_shows_the_check_that_is_compiled() {
    assert!(GUIDE.contains(&format!("```rust\n{}```\n", include_str!("../src/lib.rs"))), "docs/plugin-guide.md is old");
}

#[test]
fn the_guide_shows_its_test() {
    let own = include_str!("guide.rs");
    let shown = own.split("// BEGIN of what the guide shows\n").nth(1).unwrap();
    let shown = shown.split("// END of what the guide shows\n").next().unwrap();
    assert!(GUIDE.contains(&format!("```rust\n{shown}```\n")), "docs/plugin-guide.md is old:\n{shown}");
}

// BEGIN of what the guide shows
#[test]
fn a_label_without_the_prefix_is_refused() {
    let context = Context::fixture(Fixture { release: Some(release("2.0")), ..Fixture::default() });
    let report = VersionLabel::run(&context, &Config { prefix: "v".to_owned() }).unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(report.summary, "2.0 does not start with v");
}
// END of what the guide shows
