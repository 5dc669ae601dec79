//! Questions about the history: what a name means, and how two commits relate.

use std::collections::BTreeSet;

use crate::state::State;

impl State {
    /// The commit that a branch, a tag, or at least seven digits of a commit mean.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<String> {
        let name = name.strip_prefix("heads/").or(name.strip_prefix("tags/")).unwrap_or(name);
        if let Some(head) = self.branches.get(name) {
            return Some(head.clone());
        }
        if let Some(tag) = self.tags.get(name) {
            return Some(tag.commit.clone());
        }
        self.commits.keys().find(|commit| *commit == name || (name.len() >= 7 && commit.starts_with(name))).cloned()
    }

    /// A commit and all that came before it.
    #[must_use]
    pub fn ancestors(&self, commit: &str) -> BTreeSet<String> {
        let mut seen = BTreeSet::new();
        let mut open = vec![commit.to_owned()];
        while let Some(commit) = open.pop() {
            if seen.insert(commit.clone()) {
                open.extend(self.commits.get(&commit).into_iter().flatten().cloned());
            }
        }
        seen
    }

    /// How many commits `head` is ahead of and behind `base`.
    #[must_use]
    pub fn distance(&self, base: &str, head: &str) -> (usize, usize) {
        let (base, head) = (self.ancestors(base), self.ancestors(head));
        (head.difference(&base).count(), base.difference(&head).count())
    }
}
