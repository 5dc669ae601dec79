//! The budgets of the design, measured: `cargo xtask bench`.
//!
//! Where a budget names Docker Compose, both do the same in the same run, in turns, and the ratio is what counts.
//! Nothing here is a test: a budget that is not met is written down like one that is.
#![expect(clippy::print_stderr, reason = "the person who measures wants to see that it goes on")]

mod application;
mod call;
mod cases;
mod history;
mod idle;
mod many;
mod measure;
mod page;

use anyhow::Result;

fn main() -> Result<()> {
    // `cargo test --benches` runs this too, and must not measure.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let mut rows = Vec::new();
    for (name, case) in cases::ALL {
        eprintln!("measuring: {name}");
        match case() {
            Ok(measured) => rows.extend(measured),
            Err(error) => rows.push(page::Row::failed(name, &error)),
        }
    }
    page::write(&rows)
}
