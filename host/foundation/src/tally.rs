//! What this process counts about plugins since it began, with what those that it started told it: for numbers that a host
//! collects, never for a decision.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// The most plugins that are counted by name. A team chooses names, and more of them count together.
const MOST: usize = 200;

/// What more plugins are counted as.
const OTHER: &str = "other";

/// What was counted about one plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plugin {
    /// How many calls ended in which way, by a word of who counts.
    pub calls: BTreeMap<String, u64>,
    /// How often it asked for what it may not have.
    pub denials: u64,
}

/// Counts of plugins, by name.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<String, Plugin>>);

/// What this process counts.
static PROCESS: Tally = Tally(Mutex::new(BTreeMap::new()));

impl Tally {
    /// That of this process.
    #[must_use]
    pub fn process() -> &'static Self {
        &PROCESS
    }

    /// A call of a plugin has ended in this way.
    pub fn called(&self, plugin: &str, outcome: &'static str, denials: usize) {
        let calls = [(outcome.to_owned(), 1)].into();
        self.add(plugin, Plugin { calls, denials: u64::try_from(denials).unwrap_or(u64::MAX) });
    }

    /// Adds what another process counted about a plugin.
    pub fn add(&self, plugin: &str, counts: Plugin) {
        let mut plugins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = if plugins.len() < MOST || plugins.contains_key(plugin) { plugin } else { OTHER };
        let counted = plugins.entry(name.to_owned()).or_default();
        for (outcome, number) in counts.calls {
            let sum = counted.calls.entry(outcome).or_default();
            *sum = sum.saturating_add(number);
        }
        counted.denials = counted.denials.saturating_add(counts.denials);
    }

    /// All of them.
    #[must_use]
    pub fn plugins(&self) -> BTreeMap<String, Plugin> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_team_makes_up_do_not_grow_it_without_end() {
        let tally = Tally::default();
        for number in 0..1000 {
            tally.called(&format!("p{number}"), "answered", 0);
        }
        tally.called("p0", "failed", 2);
        let plugins = tally.plugins();
        assert_eq!(plugins.len(), MOST + 1);
        assert_eq!(plugins[OTHER].calls["answered"], 800);
        assert_eq!(
            plugins["p0"],
            Plugin { calls: [("answered".to_owned(), 1), ("failed".to_owned(), 1)].into(), denials: 2 }
        );
    }
}
