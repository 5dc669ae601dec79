//! Side by side with Docker Compose: the same files mean the same, or both refuse them.
//!
//! Cases are directories of `tests/corpus`, and each is judged by an older and a newer Docker Compose. Nothing that they
//! say is stored: the programs are asked each time. What may differ is in [`differences`], or in a case that says what
//! the older version does; both are on the page, and what is not true any more is a failure.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it stands")]

mod case;
mod compare;
mod differences;
mod docker;
mod pending;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use case::{Case, Kind};
use docker::Version;
use pending::PENDING;

/// Docker Compose takes most of the time of a case; this machine may have two processors only.
const THREADS: usize = 3;

/// Judges every case of a kind; the reports of those that are wrong, in the order of the cases.
fn judge(kind: Kind, judgement: impl Fn(&Case) -> Result<(), String> + Sync) -> Vec<String> {
    let cases = case::all(kind);
    assert!(!cases.is_empty(), "no cases");
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let pending = PENDING.contains(&case.name.as_str());
                    let report = match judgement(case) {
                        Ok(()) if pending => format!("{}\n    is right now: take it out of PENDING", case.name),
                        Err(report) if !pending => format!("{}\n    {}", case.name, report.replace('\n', "\n    ")),
                        _ => continue,
                    };
                    wrong.lock().unwrap().push(report);
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().unwrap();
    wrong.sort();
    wrong
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} cases are wrong:\n\n{}\n", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn the_corpus_is_large_enough() {
    let count = |kind| case::all(kind).len();
    assert!(count(Kind::Valid) >= 150, "{}", count(Kind::Valid));
    assert!(count(Kind::Invalid) >= 100, "{}", count(Kind::Invalid));
}

#[test]
fn what_is_pending_is_there() {
    let names: BTreeSet<String> = Kind::EVERY.into_iter().flat_map(case::all).map(|case| case.name).collect();
    let missing: Vec<_> = PENDING.iter().filter(|name| !names.contains(**name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn valid_files_mean_what_they_mean_to_docker_compose() {
    assert_none(&judge(Kind::Valid, |case| {
        let ours = case.config().map_err(|problems| format!("we refuse it:\n{problems}"))?;
        case.judge(Some(&ours))
    }));
    assert_none(&differences::unused());
}

#[test]
fn invalid_files_are_refused_by_both() {
    assert_none(&judge(Kind::Invalid, |case| case.judge(None).and_then(|()| refused(case))));
}

#[test]
fn what_only_docker_compose_accepts_is_refused_with_a_reason() {
    assert_none(&judge(Kind::Refused, |case| case.judge(None).and_then(|()| refused(case))));
}

#[test]
fn what_we_read_otherwise_is_as_written_down() {
    assert_none(&judge(Kind::Otherwise, |case| {
        let ours = case.config().map_err(|problems| format!("we refuse it:\n{problems}"))?;
        case.judge(Some(&ours))?;
        let lines = compare::exactly(&case.expected(), &ours);
        if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
    }));
}

/// What a case says of one version must be possible, say something, and be explained on the page.
#[test]
fn what_cases_say_of_a_version_is_on_the_page() {
    assert_none(&differences::unexplained());
}

/// Which versions judge is part of what the page promises.
#[test]
fn the_page_names_the_versions_that_judge() {
    for version in Version::BOTH {
        let (name, found) = (version.series(), docker::found(version));
        let is = found.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        assert!(
            is,
            "docs/compose.md promises Docker Compose {name}, and {found} is here; see what {found} does otherwise"
        );
    }
}

/// Docker Compose is not asked: it would take all memory and time that there is.
#[test]
fn hostile_files_end_in_an_error() {
    assert_none(&judge(Kind::Hostile, refused));
}

/// Refused by us, at a place, with the text that the case asks for.
fn refused(case: &Case) -> Result<(), String> {
    let Err(problems) = case.load() else { return Err("we accept it".to_owned()) };
    let text = problems.to_string();
    if let Some(fragment) = &case.expect
        && !text.contains(fragment.as_str())
    {
        return Err(format!("`{fragment}` is not in:\n{text}"));
    }
    if !case.nowhere && problems.0.iter().any(|problem| problem.position.is_none()) {
        return Err(format!("an error without a place:\n{text}"));
    }
    Ok(())
}

#[test]
fn every_message_is_as_reviewed() {
    let mut page = String::new();
    for case in [Kind::Invalid, Kind::Refused, Kind::Hostile].into_iter().flat_map(case::all) {
        if let Err(problems) = case.load() {
            let hints = problems.hints().into_iter().map(|hint| format!("hint: {hint}"));
            let lines: Vec<String> = std::iter::once(problems.to_string()).chain(hints).collect();
            page.extend([case.name.as_str(), "\n  ", &lines.join("\n").replace('\n', "\n  "), "\n\n"]);
        }
    }
    insta::assert_snapshot!("messages", page);
}

#[test]
fn every_difference_has_a_case_and_every_case_its_difference() {
    assert_none(&differences::uncovered());
}

/// `UPDATE_DOCS=1` writes the tables.
#[test]
fn the_page_has_the_tables_of_differences() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/compose.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(differences::BEGIN).unwrap();
    let (_, after) = rest.split_once(differences::END).unwrap();
    let fresh = [before, differences::BEGIN, &differences::tables(), differences::END, after].concat();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    assert!(std::env::var_os("UPDATE_DOCS").is_some() || page == fresh, "run this test with UPDATE_DOCS=1");
}
