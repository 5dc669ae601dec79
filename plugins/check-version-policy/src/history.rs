//! Who is asked about commits, tags and branches: GitHub, or a clone on this host.

use windlass_github::{Client, Relation, Tag};
use windlass_sdk::prelude::*;

/// Knows a repository.
pub(crate) trait History {
    /// What it is called in a sentence.
    fn place(&self) -> String;

    /// The full name of a commit that is there; none when it is not.
    fn commit(&self, commit: &str) -> Result<Option<String>>;

    /// The head of a branch; none when there is no such branch.
    fn branch(&self, name: &str) -> Result<Option<String>>;

    /// A tag. Its signature counts only where it is asked for.
    fn tag(&self, name: &str, signature: bool) -> Result<Option<Tag>>;

    /// Whether `descendant` has `ancestor` in its history, or is it. Both are known to be there.
    fn descends(&self, ancestor: &str, descendant: &str) -> Result<bool>;
}

impl History for Client<'_> {
    fn place(&self) -> String {
        format!("{} at GitHub", self.repository())
    }

    fn commit(&self, commit: &str) -> Result<Option<String>> {
        // GitHub prefers a branch or a tag of that name.
        Ok(Client::commit(self, commit)?.filter(|found| found.starts_with(commit)))
    }

    fn branch(&self, name: &str) -> Result<Option<String>> {
        Client::branch(self, name)
    }

    fn tag(&self, name: &str, _: bool) -> Result<Option<Tag>> {
        Client::tag(self, name)
    }

    fn descends(&self, ancestor: &str, descendant: &str) -> Result<bool> {
        match self.compare(ancestor, descendant)? {
            Some(relation) => Ok(matches!(relation, Relation::Identical | Relation::Ahead)),
            // GitHub says so also of two commits that have no history in common.
            None => Ok(false),
        }
    }
}
