//! Reports as GitHub writes them, and what they mean.

use super::*;
use crate::signals::{check_run, status};

#[test]
fn the_reference_names_every_key() {
    let page = include_str!("../../../docs/plugins.md");
    assert_eq!(windlass_sdk::testing::undocumented::<Config>(page, EXAMPLE), [""; 0]);
}

#[test]
fn the_example_is_valid() {
    let config: Config = windlass_sdk::testing::example(EXAMPLE).unwrap();
    CheckCiStatus::validate(&config).unwrap();
    assert_eq!(config.wanted().unwrap()[1].required, ["test"]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (value, word) in [
        (json!({}), "no repository"),
        (json!({ "repository": "x" }), "OWNER/NAME"),
        (json!({ "repository": "a/b", "tag": "v" }), "{version}"),
        (json!({ "repository": "a/b", "required": ["nightly-1"], "ignore": ["nightly*"] }), "nightly-1"),
    ] {
        let config = Config::deserialize(value.clone()).unwrap();
        let error = CheckCiStatus::validate(&config).unwrap_err();
        assert!(error.message().contains(word), "{value}: {error}");
    }
    assert!(Config::deserialize(json!({ "provider": "gitlab", "repository": "a/b" })).is_err());
}

fn said(with: Value, statuses: &[(&str, &str)], runs: &[(&str, &str, &str)]) -> Report {
    let mut with = with;
    with["repository"] = json!("a/b");
    let config = Config::deserialize(with).unwrap();
    let mut signals: Vec<_> = statuses
        .iter()
        .map(|(name, state)| status(&json!({ "context": name, "state": state, "target_url": "https://ci/1" })).unwrap())
        .collect();
    signals.extend(runs.iter().map(|(name, state, end)| {
        check_run(&json!({ "name": name, "status": state, "conclusion": end, "html_url": "https://ci/2" })).unwrap()
    }));
    judge::report(judge::judge(&config.wanted().unwrap()[0], &signals))
}

#[test]
fn every_report_counts() {
    let required = json!({ "required": ["build"] });
    let ignoring = json!({ "ignore": ["lint", "nightly*"] });
    let any = json!({});
    let done = "completed";
    for (with, statuses, runs, verdict, words) in [
        (&any, &[("build", "success")][..], &[("test", done, "success")][..], Verdict::Pass, "all 2 reports are good"),
        (
            &any,
            &[("build", "success")],
            &[("test", done, "failure")],
            Verdict::Fail,
            "`test` of the release says failure: https://ci/2",
        ),
        (&any, &[("build", "error")], &[], Verdict::Fail, "says error: https://ci/1"),
        (&any, &[("build", "pending")], &[("test", done, "timed_out")], Verdict::Fail, "says timed_out"),
        (&any, &[("build", "pending")], &[], Verdict::Pending, "says pending"),
        (&any, &[], &[("test", "in_progress", "")], Verdict::Pending, "says in_progress"),
        (&any, &[], &[("test", done, "skipped")], Verdict::Pass, "all 1"),
        (&any, &[], &[], Verdict::Inconclusive, "nothing is reported"),
        (&required, &[], &[], Verdict::Pending, "`build` of the release is not reported yet"),
        (&required, &[], &[("build", done, "skipped")], Verdict::Inconclusive, "proves nothing"),
        (&required, &[("Build", "success")], &[], Verdict::Pending, "not reported yet"),
        (&required, &[("build", "success")], &[("build", done, "failure")], Verdict::Fail, "says failure"),
        (
            &ignoring,
            &[("lint", "failure")],
            &[("nightly-2", done, "failure"), ("test", done, "success")],
            Verdict::Pass,
            "all 1",
        ),
        (&ignoring, &[("lint", "failure")], &[], Verdict::Inconclusive, "but what `ignore` passes over"),
    ] {
        let report = said(with.clone(), statuses, runs);
        assert_eq!(report.verdict, verdict, "{with} {statuses:?} {runs:?}: {report:#?}");
        assert!(report.summary.contains(words), "{with} {statuses:?} {runs:?}: {}", report.summary);
    }
}

#[test]
fn a_word_that_is_new_is_no_success() {
    assert!(status(&json!({ "context": "x", "state": "splendid" })).is_err());
    assert!(check_run(&json!({ "name": "x", "status": "completed", "conclusion": "splendid" })).is_err());
    assert!(check_run(&json!({ "name": "x", "status": "splendid" })).is_err());
}
