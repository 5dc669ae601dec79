//! What the stand-in knows: a repository's history, what was said about its commits, and how it misbehaves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// A repository and the server's mood.
#[derive(Debug, Default)]
pub struct State {
    /// The server's own address.
    pub address: String,
    /// `OWNER/NAME`.
    pub repository: String,
    /// Tokens that are accepted; empty accepts requests without one.
    pub tokens: BTreeSet<String>,
    /// Commits with their parents.
    pub commits: BTreeMap<String, Vec<String>>,
    /// Branches with their heads.
    pub branches: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, Tag>,
    /// Statuses by commit, newest first, as GitHub lists them.
    pub statuses: BTreeMap<String, Vec<Value>>,
    /// Check runs by commit.
    pub check_runs: BTreeMap<String, Vec<Value>>,
    /// How it misbehaves from now on.
    pub fault: Option<Fault>,
    /// Methods and paths in the order that they were asked.
    pub asked: Vec<String>,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The commit.
    pub commit: String,
    /// For an annotated tag whether GitHub verifies its signature, and the reason it gives (`valid`, `unsigned`,
    /// `unknown_key`, …); none for a lightweight tag.
    pub verification: Option<(bool, String)>,
}

/// How it misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 502 with a page of HTML.
    Down,
    /// 200 with a page of HTML, as a proxy's login.
    Html,
    /// JSON that ends in the middle.
    Half,
    /// Every answer takes a minute.
    Slow,
    /// 403 with no requests remaining.
    RateLimited,
    /// 429 with `Retry-After`.
    SecondaryLimit,
    /// 403: the token lacks a permission.
    Forbidden,
}

impl State {
    pub(crate) fn new(repository: &str, address: &str) -> Self {
        Self { repository: repository.to_owned(), address: address.to_owned(), ..Self::default() }
    }

    /// A line of commits, the oldest first, on a branch whose head becomes the last.
    pub fn line(&mut self, branch: &str, commits: &[&str]) {
        let mut parent: Option<String> = None;
        for commit in commits {
            let parents = self.commits.entry((*commit).to_owned()).or_default();
            if let Some(parent) = parent.replace((*commit).to_owned())
                && !parents.contains(&parent)
            {
                parents.push(parent);
            }
        }
        if let Some(head) = parent {
            self.branches.insert(branch.to_owned(), head);
        }
    }

    /// A tag without an object of its own.
    pub fn tag(&mut self, name: &str, commit: &str) {
        self.tags.insert(name.to_owned(), Tag { commit: commit.to_owned(), verification: None });
    }

    /// An annotated tag.
    pub fn annotated_tag(&mut self, name: &str, commit: &str, verified: bool, reason: &str) {
        let tag = Tag { commit: commit.to_owned(), verification: Some((verified, reason.to_owned())) };
        self.tags.insert(name.to_owned(), tag);
    }

    /// A commit status: `state` is `error`, `failure`, `pending` or `success`.
    pub fn status(&mut self, commit: &str, context: &str, state: &str) {
        let url = format!("{}/build/{context}", self.address);
        let status = json!({ "context": context, "state": state, "description": null, "target_url": url });
        let known = self.statuses.entry(commit.to_owned()).or_default();
        known.retain(|status| status.get("context").and_then(Value::as_str) != Some(context));
        known.insert(0, status);
    }

    /// A check run: `status` is `queued`, `in_progress` or `completed`; a conclusion when it is completed.
    pub fn check_run(&mut self, commit: &str, name: &str, status: &str, conclusion: Option<&str>) {
        let known = self.check_runs.entry(commit.to_owned()).or_default();
        let id = known.len() + 1;
        let url = format!("{}/runs/{id}", self.address);
        known.retain(|run| run.get("name").and_then(Value::as_str) != Some(name));
        known.push(json!({
            "id": id, "name": name, "head_sha": commit, "status": status, "conclusion": conclusion, "html_url": url,
        }));
    }
}
