//! What takes how long: one line for each phase, in the order in which they ran.

use std::time::{Duration, Instant};

use anyhow::Result;

/// The phases so far, with what each took.
#[derive(Debug, Default)]
pub(crate) struct Phases(Vec<(&'static str, Duration)>);

impl Phases {
    /// Runs one phase, and says when it begins.
    pub(crate) fn run<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        say(&format!("== {name}"));
        let begun = Instant::now();
        let result = work();
        self.0.push((name, begun.elapsed()));
        result
    }

    /// One line for each phase.
    pub(crate) fn summary(&self) {
        say("== phases");
        let mut whole = Duration::ZERO;
        for (name, took) in &self.0 {
            whole += *took;
            say(&format!("{:>6} s  {name}", took.as_secs()));
        }
        say(&format!("{:>6} s  in all", whole.as_secs()));
    }
}

/// One line for the person who waits.
#[expect(clippy::print_stderr, reason = "chores talk to the person who runs them")]
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}
