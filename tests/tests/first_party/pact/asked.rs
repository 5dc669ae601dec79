//! `check-pact`: yes, no, not yet, and where the broker says yes too soon.

use serde_json::json;
use windlass_domain::Verdict;

use super::Desk;
use crate::first_party::support::titles;

const WEB: (&str, &str) = ("Shop Web", "2");

fn desk() -> Desk {
    Desk::new("check-pact")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_contract_is_a_yes_with_its_links() {
    let desk = desk().with_users();
    desk.broker.state().verify(WEB, ("Shop API", "1"), true);
    let report = desk.check(json!({})).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    assert_eq!(report.summary, "Shop Web 2 may be deployed to test: 1 verification succeeded");
    assert!(report.findings[0].title.contains("/verification-results/1"), "{report:?}");
    assert!(
        report.findings[0].evidence.as_ref().unwrap()["pact"].as_str().unwrap().contains("/pacts/provider/Shop%20API")
    );
    let asked = desk.broker.state().asked.join("\n");
    assert!(asked.contains("GET /can-i-deploy?pacticipant=Shop%20Web&version=2&environment=test"), "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_contract_is_a_no() {
    let desk = desk();
    desk.broker.state().verify(WEB, ("Shop API", "1"), false);
    let report = desk.check(json!({})).await.unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(report.summary.contains("Shop API 1 broke the contract of Shop Web 2"), "{}", report.summary);
    assert!(titles(&report, Verdict::Fail).iter().any(|title| title.starts_with("the broker: ")), "{report:?}");
    let dry = desk.check(json!({ "dry-run": true })).await.unwrap();
    assert_eq!(dry.verdict, Verdict::Warn);
    assert!(dry.summary.starts_with("dry run, would not pass: "), "{}", dry.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_is_pending_until_the_verification_is_there() {
    let desk = desk();
    desk.broker.state().webhooks.insert("w1".to_owned(), 0);
    let with = json!({ "webhook": "w1" });
    for attempt in 1..=2 {
        let report = desk.check_again(with.clone(), attempt).await.unwrap();
        assert_eq!(report.verdict, Verdict::Pending, "{report:?}");
        assert!(report.summary.contains("no verification of the contract of Shop Web 2"), "{}", report.summary);
        assert_eq!(desk.broker.state().webhooks["w1"], 1, "sent at the first attempt only");
    }
    assert_eq!(desk.check(json!({ "retry": false })).await.unwrap().verdict, Verdict::Fail);
    desk.broker.state().verify(WEB, ("Shop API", "1"), true);
    assert_eq!(desk.check_again(with, 3).await.unwrap().verdict, Verdict::Pass);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_not_there_is_told_and_changes_nothing() {
    let desk = desk();
    let report = desk.check(json!({ "webhook": "gone" })).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pending);
    let warned = titles(&report, Verdict::Warn);
    assert!(warned[0].contains("the broker has no webhook `gone`"), "{warned:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_version_that_said_nothing_is_not_passed_over() {
    let desk = desk();
    {
        let mut state = desk.broker.state();
        state.verify(WEB, ("Shop API", "1"), true);
        state.deploy("Shop API", "2", "test", Some("blue"));
    }
    let report = desk.check(json!({})).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pending, "{report:?}");
    assert!(report.summary.contains("Shop API 2 is live in test and has not verified"), "{}", report.summary);
    assert!(titles(&report, Verdict::Warn).iter().any(|title| title.starts_with("the broker: ")), "its yes is shown");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_live_version_that_broke_the_contract_is_a_no() {
    let desk = desk();
    {
        let mut state = desk.broker.state();
        state.deploy("Shop API", "2", "test", Some("blue"));
        state.verify(WEB, ("Shop API", "2"), true);
        state.verify(WEB, ("Shop API", "1"), false);
    }
    let report = desk.check(json!({})).await.unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(report.summary.contains("Shop API 1 broke the contract"), "{}", report.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_not_waited_for_although_the_broker_does_not_know_the_whole() {
    let desk = desk();
    {
        let mut state = desk.broker.state();
        state.verify(WEB, ("Shop API", "1"), false);
        state.publish(WEB, "Shop Mail", "two");
        state.deploy("Shop Mail", "5", "test", None);
    }
    let report = desk.check(json!({})).await.unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    assert_eq!(report.data.as_ref().unwrap()["deployable"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_to_check_is_no_yes_unless_policy_says_so() {
    let desk = desk();
    desk.broker.state().version("Alone", "2");
    let alone = json!({ "pacticipants": { "web": "Alone" } });
    let report = desk.check(alone).await.unwrap();
    assert_eq!(report.verdict, Verdict::Inconclusive);
    assert!(report.summary.contains("Alone 2 has no contract with anything: the broker knows"), "{}", report.summary);
    let alone = json!({ "pacticipants": { "web": "Alone" }, "nothing-to-check": "pass" });
    let report = desk.check(alone).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pass);
    assert!(report.summary.ends_with("which `nothing-to-check` lets pass"), "{}", report.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_goes_first_and_both_may_go_at_once() {
    let desk = desk();
    {
        let mut state = desk.broker.state();
        state.environment("new");
        state.verify(WEB, ("Shop API", "2"), true);
    }
    // The consumer alone cannot be first, and is told what can.
    let consumer = desk.check(json!({ "environment": "new" })).await.unwrap();
    assert_eq!(consumer.verdict, Verdict::Fail);
    let remedy = consumer.findings[0].remedy.as_ref().unwrap();
    assert!(remedy.contains("deploy Shop API to new first") && remedy.contains("both in one release"), "{remedy}");
    let provider = json!({ "environment": "new", "pacticipants": { "api": "Shop API" } });
    let provider = desk.check(provider).await.unwrap();
    assert_eq!(provider.verdict, Verdict::Pass, "{provider:?}");
    let words = "nothing to break in new: none of its consumers (Shop Web) is live there";
    assert!(provider.summary.contains(words) && !provider.summary.contains("0 verif"), "{}", provider.summary);
    let both = json!({ "environment": "new", "pacticipants": { "web": "Shop Web", "api": "Shop API" } });
    let both = desk.check(both).await.unwrap();
    assert_eq!(both.verdict, Verdict::Pass, "{both:?}");
    assert!(both.summary.ends_with("1 verification succeeded"), "{}", both.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_nowhere_is_not_waited_for() {
    let desk = desk();
    let report = desk.check(json!({ "environment": "production" })).await.unwrap();
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(report.summary.contains("nothing is recorded in production"), "{}", report.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_are_asked_about_at_once_and_held_to_each_other() {
    let desk = desk();
    desk.broker.state().version("Shop API", "2");
    let both = json!({ "pacticipants": { "web": "Shop Web", "api": "Shop API" } });
    assert_eq!(desk.check(both.clone()).await.unwrap().verdict, Verdict::Pending);
    desk.broker.state().verify(WEB, ("Shop API", "2"), true);
    let report = desk.check(both).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    assert!(report.summary.starts_with("Shop API 2 and Shop Web 2 may be deployed"), "{}", report.summary);
    let asked = desk.broker.state().asked.clone();
    let matrix: Vec<&String> = asked.iter().filter(|line| line.contains("/matrix")).collect();
    assert_eq!(matrix.len(), 2, "one question each time");
    assert!(matrix[0].contains("latestby=cvpv&limit=1000&environment=test"), "{matrix:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_does_not_know_is_named() {
    let desk = desk();
    for (with, words) in [
        (json!({ "pacticipants": { "web": "shop web" } }), "the broker knows no pacticipant `shop web`"),
        (json!({ "pacticipants": { "web": "shop web", "api": "Shop API" } }), "knows no pacticipant `shop web`"),
        (json!({ "environment": "uat" }), "no environment `uat`; it has: test, production"),
        (json!({ "version": "commit" }), "the broker knows no version c0ffee of `Shop Web`"),
        (json!({ "pacticipants": { "web": "Shop Web", "api": "Shop API" } }), "knows no version 2 of `Shop API`"),
    ] {
        let report = desk.check(with).await.unwrap();
        assert_eq!(report.verdict, Verdict::Fail, "{report:?}");
        assert!(report.summary.contains(words), "{}", report.summary);
        assert!(report.findings.iter().any(|finding| finding.remedy.is_some()), "{report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_meant_is_offered_and_which_version_is_missing_is_named() {
    let desk = desk();
    let report = desk.check(json!({ "pacticipants": { "web": "shop-web" } })).await.unwrap();
    let remedy = report.findings[0].remedy.as_ref().unwrap();
    assert!(
        remedy.contains("`pacticipants.web`") && remedy.contains("similar names that it has: `Shop Web`"),
        "{remedy}"
    );
    assert!(
        !report.findings.iter().any(|finding| finding.title.contains("nobody")),
        "not in the broker's words: {report:?}"
    );
    let both = json!({ "pacticipants": { "web": "Shop Web", "api": "Shop API" } });
    let report = desk.check(both).await.unwrap();
    let missing: Vec<String> =
        titles(&report, Verdict::Fail).into_iter().filter(|title| title.contains("knows no version")).collect();
    assert_eq!(missing, ["the broker knows no version 2 of `Shop API`"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_at_the_broker_may_be_made_of_facts_and_hold_what_no_tag_can() {
    let desk = desk();
    {
        let mut state = desk.broker.state();
        state.publish(("Shop Web", "2 build c0ffee/x"), "Shop API", "one");
        state.verify(WEB, ("Shop API", "1"), true);
    }
    let report = desk.check(json!({ "version": "{tag} build {commit}/x" })).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    assert!(report.summary.starts_with("Shop Web 2 build c0ffee/x may be"), "{}", report.summary);
    let table = json!({ "web": { "name": "Shop Web", "version": "{release} build {commit}/x" } });
    let report = desk.check(json!({ "version": "commit", "pacticipants": table })).await.unwrap();
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    for wrong in
        [json!({ "version": "{branch}" }), json!({ "pacticipants": { "web": { "name": "A", "version": "{branch}" } } })]
    {
        let failure = desk.check(wrong).await.unwrap_err();
        assert_eq!(failure.code, "invalid-config");
        let told = &failure.message;
        assert!(told.contains("`{branch}`, which is unknown") && told.contains("`{tag}`"), "{told}");
        assert!(!told.contains(" at line "), "nobody wrote that line: {told}");
    }
}
