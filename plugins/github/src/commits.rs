//! Commits: what a name means, how two relate, and what was said about them.

use serde_json::Value;
use windlass_sdk::{Error, Result};

use crate::client::{Client, Pages, encode, is_name};

/// How a commit relates to another, in GitHub's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// They are the same.
    Identical,
    /// The second has the first in its history.
    Ahead,
    /// The first has the second in its history.
    Behind,
    /// Each has commits that the other lacks.
    Diverged,
}

impl Client<'_> {
    /// The full name of the commit that a branch, a tag or a shortened name means; none when there is none.
    pub fn commit(&self, name: &str) -> Result<Option<String>> {
        if !is_name(name) {
            return Ok(None);
        }
        let Some(body) = self.get(&format!("/commits/{}", encode(name)))? else { return Ok(None) };
        text(&body, "/sha").map(Some)
    }

    /// The head of a branch; none when there is no such branch.
    pub fn branch(&self, name: &str) -> Result<Option<String>> {
        if !is_name(name) {
            return Ok(None);
        }
        let Some(body) = self.get(&format!("/branches/{}", encode(name)))? else { return Ok(None) };
        text(&body, "/commit/sha").map(Some)
    }

    /// How `head` relates to `base`; none when one of them is unknown.
    pub fn compare(&self, base: &str, head: &str) -> Result<Option<Relation>> {
        // One commit a page: only the relation is of interest.
        let path = format!("/compare/{}...{}?per_page=1", encode(base), encode(head));
        let Some(body) = self.get(&path)? else { return Ok(None) };
        match text(&body, "/status")?.as_str() {
            "identical" => Ok(Some(Relation::Identical)),
            "ahead" => Ok(Some(Relation::Ahead)),
            "behind" => Ok(Some(Relation::Behind)),
            "diverged" => Ok(Some(Relation::Diverged)),
            other => {
                Err(Error::new("unavailable", format!("GitHub compares two commits as {other:?}, which is unknown")))
            }
        }
    }

    /// The commits that `head` has and `base` lacks, oldest first (`sha`, `commit.message`, `parents`), at most
    /// `pages` times 100, with the comparison itself (`total_commits`, `html_url`); none when a commit is unknown.
    pub fn between(&self, base: &str, head: &str, pages: usize) -> Result<Option<Pages>> {
        let path = format!("/compare/{}...{}?per_page=100", encode(base), encode(head));
        self.pages(&path, Some("commits"), pages)
    }

    /// The commit that a version means: that of the tag which `template` makes of it (`v{version}`), or, where there
    /// is no such tag, the commit whose name the version is. A branch is no version.
    pub fn commit_of_version(&self, version: &str, template: &str) -> Result<Option<String>> {
        if let Some(tag) = self.tag(&template.replace("{version}", version))? {
            return Ok(Some(tag.commit));
        }
        if !is_hexadecimal(version) {
            return Ok(None);
        }
        // GitHub prefers a branch or a tag of that name.
        Ok(self.commit(version)?.filter(|commit| commit.starts_with(version)))
    }

    /// The latest status of each context of a commit (`context`, `state`, `target_url`); none for an unknown commit.
    pub fn statuses(&self, commit: &str) -> Result<Option<Vec<Value>>> {
        self.list(&format!("/commits/{}/status?per_page=100", encode(commit)), Some("statuses"))
    }

    /// The latest check runs of a commit (`name`, `status`, `conclusion`, `html_url`); none for an unknown commit.
    pub fn check_runs(&self, commit: &str) -> Result<Option<Vec<Value>>> {
        self.list(&format!("/commits/{}/check-runs?filter=latest&per_page=100", encode(commit)), Some("check_runs"))
    }
}

/// Whether a text can be the name of a commit, in full or shortened as git does at least.
#[must_use]
pub fn is_hexadecimal(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A text that an answer must have.
pub(crate) fn text(body: &Value, pointer: &str) -> Result<String> {
    let found = body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| Error::new("unavailable", format!("GitHub's answer has no text at `{pointer}`")).retryable())
}
