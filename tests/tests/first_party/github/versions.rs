//! `check-version-policy` and GitHub.

use serde_json::json;
use windlass_domain::Verdict;
use windlass_github_stand_in::Fault;

use super::{Hub, hint, release, sha};
use crate::first_party::support::titles;

const NAME: &str = "check-version-policy";

#[tokio::test(flavor = "multi_thread")]
async fn a_version_of_three_repositories_passes_when_each_is_as_it_must_be() {
    let hub = Hub::new(NAME);
    hub.history();
    hub.github.state().repository("kudos/stack").tag("2026.02.2", &sha(3));
    let web = |commit: u32| sha(0xe0 + commit);
    {
        let mut state = hub.github.state();
        let repository = state.repository("kudos/web");
        repository.line("production", &[&web(1), &web(2)]);
        repository.tag("v1.0.0", &web(1));
        repository.annotated_tag("v1.1.0", &web(2), true, "valid");
    }
    let with = json!({
        "scheme": "calver", "must-increase": true, "repository": "kudos/stack", "contained-in": "production",
        "linear": true, "tag-must-exist": true,
        "artifacts": { "web": { "repository": "kudos/web", "scheme": "semver", "tag": "v{version}" } },
    });
    let (mut old, mut new) = (release("2026.02.1", 1), release("2026.02.2", 3));
    old.artifacts.get_mut("web").unwrap().tag = Some("1.0.0".to_owned());
    new.artifacts.get_mut("web").unwrap().tag = Some("1.1.0".to_owned());
    let mut signed = with.clone();
    signed["artifacts"]["web"]["tag-signed"] = json!(true);
    let report = hub.check(signed.clone(), new.clone(), Some(old.clone())).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report:#?}");
    let passed = titles(&report, Verdict::Pass).join("\n");
    for words in [
        "the release goes from `2026.02.1` to `2026.02.2`",
        "the tag `2026.02.2` is there",
        "the branch `production` contains 000000000000",
        "the signature of the tag `v1.1.0` is verified",
    ] {
        assert!(passed.contains(words), "{words}: {passed}");
    }

    hub.github.state().repository("kudos/web").annotated_tag("v1.1.0", &web(2), false, "unknown_key");
    let report = hub.check(signed, new, Some(old)).await.unwrap();
    assert_eq!(report.summary, "the signature of the tag `v1.1.0` is not verified: unknown_key");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_says_what_is_wrong() {
    let hub = Hub::new(NAME);
    hub.history();
    let other = sha(0xd0);
    hub.github.state().repository("kudos/stack").line("work", &[&sha(1), &other]);
    hub.github.state().repository("kudos/stack").tag("2.0.0", &sha(2));
    hub.github.state().repository("kudos/stack").tag("3.0.0", &sha(3));
    let on = json!({ "repository": "kudos/stack", "contained-in": "production" });
    let linear = json!({ "repository": "kudos/stack", "linear": true });
    let tag = json!({ "repository": "kudos/stack", "tag-must-exist": true });
    for (with, new, running, words) in [
        (&on, release("x", 4), None, "the branch `production` of kudos/stack at GitHub does not contain 000000000000"),
        (&on, release("x", 0xd0), None, "does not contain"),
        (&on, release("x", 0xff), None, "is not known to kudos/stack at GitHub"),
        (&linear, release("x", 1), Some(release("y", 2)), "is no descendant of"),
        (&linear, release("x", 2), Some(release("y", 0xd0)), "is no descendant of"),
        (&linear, release("x", 2), Some(release("y", 0xff)), "its history was rewritten"),
        (&tag, release("1.0.0", 1), None, "kudos/stack at GitHub has no tag `1.0.0`"),
        // It meant the third when the release was made.
        (&tag, release("2.0.0", 3), None, "the tag was moved, or the release is of another commit"),
        (&tag, release("../../../../user", 3), None, "has no tag `../../../../user`"),
    ] {
        let report = hub.check(with.clone(), new, running).await.unwrap();
        assert_eq!(report.verdict, Verdict::Fail, "{words}: {report:#?}");
        assert!(report.summary.contains(words), "{words}: {}", report.summary);
    }
    assert!(!hub.github.state().asked.iter().any(|asked| asked.contains("user")), "a version led to another path");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_is_an_error_with_advice() {
    let hub = Hub::new(NAME);
    hub.history();
    let with = json!({ "repository": "kudos/stack", "contained-in": "production" });
    for (fault, code, words, advice) in [
        (Fault::Down, "unavailable", "GitHub answered 502", ""),
        (Fault::Html, "unavailable", "is not JSON (text/html", "a proxy in between"),
        (Fault::Half, "unavailable", "breaks off", "a proxy in between"),
        (Fault::RateLimited, "rate-limited", "answers no more requests for now", ""),
        (Fault::SecondaryLimit, "rate-limited", "again in 1 min", ""),
        (Fault::Forbidden, "forbidden", "not accessible", "the secret `github` lacks a permission"),
    ] {
        hub.github.state().fault = Some(fault);
        let failure = hub.check(with.clone(), release("x", 2), None).await.unwrap_err();
        assert_eq!(failure.code, code, "{failure:?}");
        assert!(failure.message.contains(words) && hint(&failure).contains(advice), "{fault:?}: {failure:?}");
    }
    hub.github.state().fault = None;

    // Also then a no that is certain is told.
    hub.github.state().fault = Some(Fault::Down);
    let mut rules = with.clone();
    rules["scheme"] = json!("semver");
    let report = hub.check(rules, release("x", 2), None).await.unwrap();
    assert!(report.summary.contains("must be a semantic version"), "{report:#?}");
    hub.github.state().fault = None;

    let hidden = json!({ "repository": "kudos/hidden", "contained-in": "production" });
    let failure = hub.check(hidden, release("x", 2), None).await.unwrap_err();
    assert_eq!(failure.message, "GitHub shows no repository kudos/hidden");
    assert!(hint(&failure).contains("let the token in the secret `github` read it"), "{failure:?}");

    hub.token("ghp_expired-THETOKEN");
    let failure = hub.check(with, release("x", 2), None).await.unwrap_err();
    assert_eq!(failure.code, "unauthorized");
    assert!(failure.message.contains("the token in the secret `github`: it is expired"), "{failure:?}");
}
