//! Commits: what a name means, how two relate, and what was said about them.

use serde_json::Value;
use windlass_sdk::{Error, Result};

use crate::client::{Client, encode};

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
        let Some(body) = self.get(&format!("/commits/{}", encode(name)))? else { return Ok(None) };
        text(&body, "/sha").map(Some)
    }

    /// The head of a branch; none when there is no such branch.
    pub fn branch(&self, name: &str) -> Result<Option<String>> {
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

    /// The latest status of each context of a commit (`context`, `state`, `target_url`); none for an unknown commit.
    pub fn statuses(&self, commit: &str) -> Result<Option<Vec<Value>>> {
        self.list(&format!("/commits/{}/status?per_page=100", encode(commit)), Some("statuses"))
    }

    /// The latest check runs of a commit (`name`, `status`, `conclusion`, `html_url`); none for an unknown commit.
    pub fn check_runs(&self, commit: &str) -> Result<Option<Vec<Value>>> {
        self.list(&format!("/commits/{}/check-runs?filter=latest&per_page=100", encode(commit)), Some("check_runs"))
    }
}

/// A text that an answer must have.
pub(crate) fn text(body: &Value, pointer: &str) -> Result<String> {
    let found = body.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    found.ok_or_else(|| Error::new("unavailable", format!("GitHub's answer has no text at `{pointer}`")).retryable())
}
