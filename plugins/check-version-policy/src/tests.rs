//! Releases against what runs, and commits against a history that is made up.

use windlass_github::{Signature, Tag};
use windlass_sdk::Fixture;

use super::*;
use crate::history::History;

#[test]
fn the_reference_names_every_key() {
    let page = include_str!("../../../docs/plugins.md");
    assert_eq!(windlass_sdk::testing::undocumented::<Config>(page, EXAMPLE), [""; 0]);
}

#[test]
fn the_example_is_valid() {
    let config: Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
    CheckVersionPolicy::validate(&config).unwrap();
}

fn release(id: &str, version: &str, web: (&str, &str)) -> Release {
    Release::deserialize(json!({
        "format": 1, "id": id, "application": "kudos", "version": version, "commit": format!("c-{version}"),
        "artifacts": { "web": { "repository": "r/web", "tag": web.0, "digest": web.1 } },
        "bundle": { "digest": "sha256:b", "files": {} },
    }))
    .unwrap()
}

fn run(with: Value, purpose: &str, new: Release, running: Option<Release>) -> Report {
    let config = Config::deserialize(with).unwrap();
    CheckVersionPolicy::validate(&config).unwrap();
    let fixture = Fixture { purpose: purpose.to_owned(), release: Some(new), running, ..Fixture::default() };
    CheckVersionPolicy::run(&Context::fixture(fixture), &config).unwrap()
}

#[test]
fn a_version_must_follow_what_runs() {
    let semver = json!({ "scheme": "semver", "must-increase": true });
    let loose = json!({ "scheme": "semver" });
    let any = json!({});
    let old = || release("a", "1.2.0", ("1.2.0", "d1"));
    for (with, new, verdict, words) in [
        (&semver, release("b", "1.10.0", ("1.10.0", "d2")), Verdict::Pass, "as they must be"),
        (&semver, release("a", "1.2.0", ("1.2.0", "d1")), Verdict::Pass, "is what runs"),
        (
            &semver,
            release("b", "1.1.9", ("1.1.9", "d2")),
            Verdict::Fail,
            "would go back from `1.2.0`, which runs, to `1.1.9`",
        ),
        (&loose, release("b", "1.1.9", ("1.1.9", "d2")), Verdict::Fail, "would go back"),
        (
            &semver,
            release("b", "1.2.0", ("1.2.0", "d2")),
            Verdict::Fail,
            "other images (web): a release without a bumped",
        ),
        (&any, release("b", "1.2.0", ("1.2.0", "d2")), Verdict::Fail, "other images (web)"),
        (&semver, release("b", "1.2.0", ("1.2.0", "d1")), Verdict::Fail, "other files or settings"),
        (&loose, release("b", "1.2.0", ("1.2.0", "d1")), Verdict::Pass, "as they must be"),
        (&semver, release("b", "1.2.0+2", ("1.2.0", "d1")), Verdict::Fail, "comes no later than"),
        (&semver, release("b", "latest", ("1.2.0", "d1")), Verdict::Fail, "must be a semantic version"),
        (&any, release("b", "older?", ("1.2.0", "d1")), Verdict::Pass, "as they must be"),
    ] {
        let version = new.version.clone();
        let report = run(with.clone(), "deploy", new, Some(old()));
        assert_eq!(report.verdict, verdict, "{with} {version}: {report:#?}");
        assert!(report.summary.contains(words), "{with} {version}: {}", report.summary);
    }
}

#[test]
fn going_back_is_allowed_and_so_is_the_first() {
    let with = json!({ "scheme": "semver", "must-increase": true });
    let (old, new) = (release("a", "1.0.0", ("1.0.0", "d1")), release("b", "2.0.0", ("2.0.0", "d2")));
    assert_eq!(run(with.clone(), "rollback", old.clone(), Some(new)).verdict, Verdict::Pass);
    assert_eq!(run(with.clone(), "deploy", old.clone(), None).verdict, Verdict::Pass);
    let label = release("c", "yesterday", ("x", "d3"));
    assert_eq!(run(with, "deploy", old, Some(label)).verdict, Verdict::Inconclusive);
}

#[test]
fn artifacts_have_versions_of_their_own() {
    let with = json!({ "version": "artifacts", "artifacts": { "web": { "scheme": "calver", "must-increase": true } } });
    let old = release("a", "x", ("2026.02.9", "d1"));
    let report = run(with.clone(), "deploy", release("b", "x", ("2026.02.10", "d2")), Some(old.clone()));
    assert_eq!((report.verdict, report.findings.len()), (Verdict::Pass, 1), "{report:#?}");
    // A release that brings something else leaves this one as it is.
    let report = run(with.clone(), "deploy", release("b", "y", ("2026.02.9", "d1")), Some(old.clone()));
    assert_eq!(report.verdict, Verdict::Pass);
    let report = run(with, "deploy", release("b", "y", ("2026.02.9", "d2")), Some(old));
    assert!(report.summary.starts_with("artifact `web` is `2026.02.9`, which runs already"), "{}", report.summary);
}

/// A line of commits, some tags, and whether signatures are verified.
struct Line {
    commits: Vec<&'static str>,
    tags: Vec<(&'static str, &'static str)>,
    head: &'static str,
}

impl History for Line {
    fn place(&self) -> String {
        "the line".to_owned()
    }

    fn commit(&self, commit: &str) -> Result<Option<String>> {
        Ok(self.commits.iter().find(|known| **known == commit).map(|known| (*known).to_owned()))
    }

    fn branch(&self, name: &str) -> Result<Option<String>> {
        Ok((name == "main").then(|| self.head.to_owned()))
    }

    fn tag(&self, name: &str, _: bool) -> Result<Option<Tag>> {
        let found = self.tags.iter().find(|(known, _)| *known == name);
        Ok(found.map(|(_, commit)| Tag { commit: (*commit).to_owned(), signature: Signature::Lightweight }))
    }

    fn descends(&self, ancestor: &str, descendant: &str) -> Result<bool> {
        let place = |commit: &str| self.commits.iter().position(|known| *known == commit).unwrap();
        Ok(place(ancestor) <= place(descendant))
    }
}

fn history(with: Value, new: &str, running: Option<&str>) -> Report {
    let mut with = with;
    with["repository"] = json!("a/b");
    let config = Config::deserialize(with).unwrap();
    let line = Line {
        commits: vec!["c-1", "c-2", "c-3", "c-4"],
        tags: vec![("v1", "c-1"), ("v2", "c-2"), ("v3", "c-4")],
        head: "c-3",
    };
    let (new, running) = (release("b", new, ("x", "d")), running.map(|version| release("a", version, ("x", "d"))));
    let subjects = subject::all(&config, &new, running.as_ref()).unwrap();
    report(ancestry::judge(&subjects[0], &line).unwrap())
}

#[test]
fn commits_must_be_known_contained_and_descendants() {
    let rules = json!({ "contained-in": "main", "linear": true, "tag": "v{version}" });
    for (new, running, verdict, words) in [
        ("2", Some("1"), Verdict::Pass, "as they must be"),
        ("2", None, Verdict::Pass, "as they must be"),
        ("1", Some("2"), Verdict::Fail, "c-1 is no descendant of c-2, which runs"),
        ("4", Some("1"), Verdict::Fail, "`main` of the line does not contain c-4"),
        ("9", Some("1"), Verdict::Fail, "the commit c-9 of the release is not known to the line"),
        ("2", Some("9"), Verdict::Fail, "what runs is c-9, which the line does not know"),
        ("3", Some("1"), Verdict::Fail, "the tag `v3` means c-4 in the line, but the release was made from c-3"),
    ] {
        let report = history(rules.clone(), new, running);
        assert_eq!(report.verdict, verdict, "{new} after {running:?}: {report:#?}");
        assert!(report.summary.contains(words), "{new} after {running:?}: {}", report.summary);
    }
    let report = history(json!({ "contained-in": "trunk" }), "2", None);
    assert!(report.summary.contains("no branch `trunk`"), "{}", report.summary);
}

#[test]
fn tags_must_exist_and_be_signed_where_that_is_asked() {
    let report = history(json!({ "tag-must-exist": true }), "2", None);
    assert_eq!(report.summary, "the line has no tag `2`");
    let report = history(json!({ "tag-signed": true, "tag": "v{version}" }), "2", None);
    assert!(report.summary.contains("lightweight"), "{}", report.summary);
    let report = history(json!({ "tag-must-exist": true, "tag": "v{version}" }), "2", None);
    assert_eq!(report.verdict, Verdict::Pass, "{report:#?}");
}
