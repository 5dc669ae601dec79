//! One repository: its history, what was said about its commits, and what was written into it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// A repository.
#[derive(Debug, Default)]
pub struct Repository {
    /// The server's own address, for links.
    pub address: String,
    /// Commits by name.
    pub commits: BTreeMap<String, Commit>,
    /// Branches with their heads.
    pub branches: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeMap<String, Tag>,
    /// Statuses by commit, newest first, as GitHub lists them.
    pub statuses: BTreeMap<String, Vec<Value>>,
    /// Check runs by commit.
    pub check_runs: BTreeMap<String, Vec<Value>>,
    /// Deployments, oldest first.
    pub deployments: Vec<Value>,
    /// Statuses of deployments by id, oldest first.
    pub deployment_statuses: BTreeMap<u64, Vec<Value>>,
    /// Issues, oldest first; pull requests are issues.
    pub issues: Vec<Value>,
    /// Whether it has issues.
    pub no_issues: bool,
    /// Releases, oldest first.
    pub releases: Vec<Value>,
    /// Who can be assigned.
    pub people: BTreeSet<String>,
}

/// A commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// What it follows.
    pub parents: Vec<String>,
    /// What its author wrote.
    pub message: String,
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

impl Repository {
    /// A line of commits, the oldest first, on a branch whose head becomes the last.
    pub fn line(&mut self, branch: &str, commits: &[&str]) {
        let mut parent: Option<String> = None;
        for commit in commits {
            let known = self.commits.entry((*commit).to_owned()).or_default();
            if let Some(parent) = parent.replace((*commit).to_owned())
                && !known.parents.contains(&parent)
            {
                known.parents.push(parent);
            }
        }
        if let Some(head) = parent {
            self.branches.insert(branch.to_owned(), head);
        }
    }

    /// What the author of a commit wrote.
    pub fn message(&mut self, commit: &str, message: &str) {
        message.clone_into(&mut self.commits.entry(commit.to_owned()).or_default().message);
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

    /// An issue that a person opened; returns its number.
    pub fn issue(&mut self, title: &str, body: &str) -> u64 {
        let number = self.issues.len() as u64 + 1;
        let url = format!("{}/issues/{number}", self.address);
        self.issues.push(json!({
            "number": number, "title": title, "body": body, "state": "open", "html_url": url, "assignees": [],
            "labels": [],
        }));
        number
    }
}
