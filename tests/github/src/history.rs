//! Questions about the history: what a name means, and how two commits relate.

use std::collections::BTreeSet;

use crate::repository::Repository;

impl Repository {
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
                open.extend(self.commits.get(&commit).into_iter().flat_map(|known| known.parents.clone()));
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

    /// The commits that `head` has and `base` lacks, each after its parents.
    #[must_use]
    pub fn between(&self, base: &str, head: &str) -> Vec<String> {
        let mut seen = self.ancestors(base);
        let mut order = Vec::new();
        // Each commit is looked at twice: before its parents and after them.
        let mut open = vec![(head.to_owned(), false)];
        while let Some((commit, done)) = open.pop() {
            if done {
                order.push(commit);
            } else if seen.insert(commit.clone()) {
                let parents = self.commits.get(&commit).map(|known| known.parents.clone()).unwrap_or_default();
                open.push((commit, true));
                open.extend(parents.into_iter().map(|parent| (parent, false)));
            }
        }
        order
    }
}
