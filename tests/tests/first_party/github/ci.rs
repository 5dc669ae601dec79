//! `check-ci-status` and GitHub.

use serde_json::json;
use windlass_domain::Verdict;
use windlass_github_stand_in::Fault;

use super::{Hub, hint, release, sha};

const NAME: &str = "check-ci-status";

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_is_waited_for_and_what_failed_refuses_with_its_link() {
    let hub = Hub::new(NAME);
    hub.history();
    let with = json!({ "repository": "kudos/stack", "required": ["build"], "ignore": ["nightly*"] });
    let ask = || async { hub.check(with.clone(), release("x", 2), None).await.unwrap() };
    let report = ask().await;
    assert_eq!(report.verdict, Verdict::Pending, "{report:#?}");
    assert_eq!(report.summary, "`build` of the release is not reported yet");

    hub.github.state().repository("kudos/stack").check_run(&sha(2), "build", "in_progress", None);
    hub.github.state().repository("kudos/stack").status(&sha(2), "nightly/2", "failure");
    let report = ask().await;
    assert_eq!(report.verdict, Verdict::Pending);
    assert!(report.summary.starts_with("`build` of the release says in_progress: http"), "{}", report.summary);

    hub.github.state().repository("kudos/stack").check_run(&sha(2), "build", "completed", Some("success"));
    assert_eq!(ask().await.verdict, Verdict::Pass);

    hub.github.state().repository("kudos/stack").status(&sha(2), "deploy/preview", "error");
    let report = ask().await;
    assert_eq!(report.verdict, Verdict::Fail);
    let link = format!("says error: {}/build/deploy/preview", hub.github.api());
    assert!(report.summary.contains(&link), "{}", report.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_count_and_a_page_that_is_missing_is_an_error() {
    let hub = Hub::new(NAME);
    hub.history();
    for number in 0..230 {
        let end = if number == 229 { "failure" } else { "success" };
        let name = format!("job-{number}");
        hub.github.state().repository("kudos/stack").check_run(&sha(2), &name, "completed", Some(end));
    }
    let with = json!({ "repository": "kudos/stack" });
    let report = hub.check(with.clone(), release("x", 2), None).await.unwrap();
    assert!(report.summary.starts_with("`job-229` of the release says failure"), "{}", report.summary);
    assert_eq!(report.findings.len(), 230);

    hub.github.state().fault = Some(Fault::Unlinked);
    let failure = hub.check(with, release("x", 2), None).await.unwrap_err();
    assert!(failure.message.contains("lists 100 of 230 items and names no next page"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_artifact_is_looked_at_in_its_own_repository() {
    let hub = Hub::new(NAME);
    {
        let mut state = hub.github.state();
        let web = state.repository("kudos/web");
        web.line("main", &[&sha(7)]);
        web.annotated_tag("v1.0.0", &sha(7), false, "unsigned");
        web.status(&sha(7), "test", "success");
    }
    let with = json!({ "artifacts": { "web": { "repository": "kudos/web", "tag": "v{version}" } } });
    let report = hub.check(with.clone(), release("1.0.0", 1), None).await.unwrap();
    assert_eq!((report.verdict, report.summary.as_str()), (Verdict::Pass, "all 1 reports are good"));
    let report = hub.check(with, release("2.0.0", 1), None).await.unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(report.summary, "kudos/web has no commit for the version of artifact `web`");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_or_cannot_be_asked_is_told_apart() {
    let hub = Hub::new(NAME);
    hub.history();
    let with = json!({ "repository": "kudos/stack" });
    let report = hub.check(with.clone(), release("x", 2), None).await.unwrap();
    assert_eq!(report.verdict, Verdict::Inconclusive, "{report:#?}");
    let report = hub.check(with.clone(), release("x", 0xff), None).await.unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(report.summary.ends_with("is not known to kudos/stack"), "{}", report.summary);
    for (fault, code) in [
        (Fault::Down, "unavailable"),
        (Fault::Html, "unavailable"),
        (Fault::Half, "unavailable"),
        (Fault::RateLimited, "rate-limited"),
        (Fault::SecondaryLimit, "rate-limited"),
        (Fault::Forbidden, "forbidden"),
    ] {
        hub.github.state().fault = Some(fault);
        let failure = hub.check(with.clone(), release("x", 2), None).await.unwrap_err();
        assert_eq!(failure.code, code, "{fault:?}: {failure:?}");
    }
    hub.github.state().fault = None;
    hub.token("ghp_expired-THETOKEN");
    let failure = hub.check(with, release("x", 2), None).await.unwrap_err();
    assert!(hint(&failure).contains("make a new token"), "{failure:?}");
    let other = hub.check(json!({ "provider": "gitlab", "repository": "a/b" }), release("x", 2), None).await;
    assert!(other.unwrap_err().message.contains("gitlab"));
}
