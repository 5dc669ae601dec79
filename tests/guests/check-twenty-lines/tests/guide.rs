//! The guide shows this very check, and the check does what the guide says.

use check_twenty_lines::{Config, VersionLabel};
use windlass_sdk::prelude::*;

const GUIDE: &str = include_str!("../../../../docs/plugin-guide.md");

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
    let release = testing::release("kudos", "2.0");
    let context = Context::fixture(Fixture { release: Some(release), ..Fixture::default() });
    let report = VersionLabel::run(&context, &Config { prefix: "v".to_owned() }).unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(report.summary, "2.0 does not start with v");
}
// END of what the guide shows
