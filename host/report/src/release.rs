//! Releases: what they consist of, where they succeeded, and which of them this host knows.

use windlass_domain::Verdict;

use super::page::{Ink, Line, Page};
use super::table::Table;
use windlass_api::facts::{ReleaseDocumentFact, ReleaseLineFact};
use windlass_foundation::words;

/// The answer of `release show` and `verify`, and of `create` and `export` with a file.
#[must_use]
pub fn document(fact: &ReleaseDocumentFact) -> Page {
    let mut page = Page::new();
    let release = &fact.release;
    let id = words::reference(&release.id);
    page.push(
        Line::new()
            .ink(Ink::Bold, format!("{} {}", fact.application, release.version))
            .ink(Ink::Dim, format!(" (release {})", id.trim_start_matches("sha256:"))),
    );
    let mut table = Table::new();
    let mut row = |heading: &str, text: String| table.row(vec![Line::new().ink(Ink::Dim, heading), Line::plain(text)]);
    if let Some(commit) = &release.commit {
        row("commit", commit.clone());
    }
    for (name, artifact) in &release.artifacts {
        let tag = artifact.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let local = if artifact.local { ", only on the host that made it" } else { "" };
        row(name, format!("{}{tag} is {}{local}", artifact.repository, artifact.digest));
    }
    for (name, built) in &fact.built {
        let changed = if built.changed { ", with changes that are not in the commit" } else { "" };
        row("built", format!("{name} on {} at {}{changed}", built.host, words::time(&built.time)));
    }
    let held = if fact.complete || fact.path.is_none() { "" } else { ", not in the document" };
    row("files", format!("{}{held}, {}", words::count(fact.files.len(), "file"), fact.bundle));
    match &fact.proof {
        Some(proof) => {
            let finished = words::time(&proof.finished);
            row(
                "succeeded",
                format!("in {} on {} at {finished}, deployment {}", proof.environment, proof.host, proof.deployment),
            );
            let unhappy = |verdict: &Verdict| !matches!(verdict, Verdict::Pass | Verdict::Warn);
            let failed = proof.smoke.values().filter(|verdict| unhappy(verdict)).count();
            row(
                "smoke tests",
                match (proof.smoke.len(), failed) {
                    (0, _) => "none".to_owned(),
                    (all, 0) => format!("{all} passed"),
                    (all, failed) => format!("{failed} of {all} did not pass"),
                },
            );
        }
        None => row("succeeded", "nowhere yet".to_owned()),
    }
    if let Some(key) = &fact.signed_by {
        row("signed by", key.clone());
    }
    if let Some(path) = &fact.path {
        row("document", path.clone());
    }
    page.append(table.page("  "));
    page
}

/// The answer of `release list`.
#[must_use]
pub fn list(facts: &[ReleaseLineFact], application: &str) -> Page {
    let mut page = Page::new();
    if facts.is_empty() {
        page.push(Line::plain(format!("no release of `{application}` succeeded on this host yet")));
        return page;
    }
    let mut table = Table::headed(&["release", "version", "commit", "succeeded", "deployment", ""]);
    for fact in facts {
        let marks = [(fact.running, "runs"), (fact.pinned, "pinned"), (fact.quarantined, "in quarantine")];
        let marks: Vec<&str> = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        let commit = fact.commit.as_deref().unwrap_or_default();
        table.row(vec![
            Line::new().ink(Ink::Dim, words::reference(&fact.id).trim_start_matches("sha256:")),
            Line::plain(&fact.version),
            Line::plain(commit.get(..12).unwrap_or(commit)),
            Line::plain(words::time(&fact.succeeded)),
            Line::new().ink(Ink::Accent, &fact.deployment),
            Line::new().ink(Ink::Good, marks.join(", ")),
        ]);
    }
    page.append(table.page(""));
    page
}
