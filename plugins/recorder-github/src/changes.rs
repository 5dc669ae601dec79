//! What changed between two commits: one bullet for each change, in a bounded number of them.

use std::collections::{BTreeMap, BTreeSet};

use windlass_github::Client;
use windlass_sdk::prelude::*;

use crate::markdown::{line, numbers};

/// How many pages of 100 commits are read.
const PAGES: usize = 5;

/// How many references are looked up.
const LOOKUPS: usize = 30;

/// The bullets of a repository's changes, and a line about those that are not shown.
pub(crate) fn bullets(client: &Client<'_>, base: &str, head: &str, own: bool) -> Result<Vec<String>> {
    let pages = match client.between(base, head, PAGES) {
        Ok(Some(pages)) => pages,
        Ok(None) => return Ok(vec!["The changes cannot be listed: GitHub does not know both commits.".to_owned()]),
        Err(error) if error.code() == "limit-exceeded" => {
            return Ok(vec!["The notes are cut: the changes are too large to be listed.".to_owned()]);
        }
        Err(error) => return Err(error),
    };
    let titles = titles(&pages.items, pages.more);
    let wanted: BTreeSet<u64> = titles.iter().flat_map(|title| numbers(title)).take(LOOKUPS).collect();
    let mut kept = BTreeSet::new();
    for number in wanted {
        match client.get(&format!("/issues/{number}")) {
            Ok(Some(_)) => drop(kept.insert(number)),
            Err(error) if error.is_retryable() => return Err(error),
            // An issue that moved, or may not be seen, is not referred to.
            Ok(None) | Err(_) => {}
        }
    }
    let prefix = if own { "" } else { client.repository() };
    let keep = |number: u64| kept.contains(&number).then(|| format!("{prefix}#{number}"));
    let mut bullets: Vec<String> = titles.iter().map(|title| format!("- {}", line(title, &keep))).collect();
    if pages.more {
        let total = pages.first.get("total_commits").and_then(Value::as_u64).unwrap_or_default();
        let more = total.saturating_sub(pages.items.len() as u64);
        bullets.push(format!("The notes are cut: {more} more commits are not listed."));
    }
    Ok(bullets)
}

/// One title for each change of the branch itself: what a merge brought is one change.
fn titles(commits: &[Value], more: bool) -> Vec<String> {
    let text =
        |commit: &Value, pointer: &str| commit.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    if more {
        let plain = commits.iter().filter(|commit| commit.pointer("/parents/1").is_none());
        return plain.map(|commit| title(&text(commit, "/commit/message"))).collect();
    }
    let known: BTreeMap<String, &Value> = commits.iter().map(|commit| (text(commit, "/sha"), commit)).collect();
    let mut cursor = commits.last();
    let mut titles = Vec::new();
    // No line is longer than all commits.
    for _ in 0..commits.len() {
        let Some(commit) = cursor else { break };
        titles.push(title(&text(commit, "/commit/message")));
        cursor = known.get(&text(commit, "/parents/0/sha")).copied();
    }
    titles.reverse();
    titles
}

/// The first line; of GitHub's merges the pull request's title and number.
fn title(message: &str) -> String {
    let mut lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("(no message)");
    let Some(number) = first.strip_prefix("Merge pull request #").and_then(|rest| rest.split(' ').next()) else {
        return first.to_owned();
    };
    lines.next().map_or_else(|| first.to_owned(), |title| format!("{title} (#{number})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_merge_brought_is_one_change() {
        let commit = |sha: &str, parents: &[&str], message: &str| {
            let parents: Vec<Value> = parents.iter().map(|sha| json!({ "sha": sha })).collect();
            json!({ "sha": sha, "parents": parents, "commit": { "message": message } })
        };
        let commits = [
            commit("b", &["a"], "Plain\n\nwhy"),
            commit("x", &["a"], "half"),
            commit("c", &["b", "x"], "Merge pull request #3 from o/x\n\nMend it"),
        ];
        assert_eq!(titles(&commits, false), ["Plain", "Mend it (#3)"]);
        assert_eq!(titles(&commits, true), ["Plain", "half"]);
    }
}
