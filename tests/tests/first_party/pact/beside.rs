//! `check-pact` and what stays live beside a release: other instances, releases that are supported, and what changes meanwhile.

use std::time::Duration;

use serde_json::{Value, json};
use windlass_domain::{Report, Verdict};
use windlass_pact_stand_in::Fault;

use super::Desk;
use crate::first_party::support::titles;

const WEB: (&str, &str) = ("Shop Web", "2");
const API: (&str, &str) = ("Shop API", "2");

/// Web 2 and API 2 come together and fit; Web 1 runs as another instance.
fn desk() -> Desk {
    let desk = Desk::new("check-pact");
    {
        let mut state = desk.broker.state();
        state.verify(WEB, API, true);
        state.publish(("Shop Web", "1"), "Shop API", "zero");
        state.deploy("Shop Web", "1", "test", Some("host2"));
    }
    desk
}

fn both(more: &Value) -> Value {
    let mut with = json!({ "pacticipants": { "web": "Shop Web", "api": "Shop API" } });
    for (key, value) in more.as_object().unwrap() {
        with[key] = value.clone();
    }
    with
}

async fn check(desk: &Desk, more: Value) -> Report {
    desk.check(both(&more)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_another_instance_runs_is_not_passed_over() {
    let desk = desk();
    // What the broker says of the pair alone.
    let (verdict, words) = (Verdict::Pending, "contract of Shop Web 1 by Shop API 2 is known (Shop Web 1 stays live");
    let report = check(&desk, json!({})).await;
    assert_eq!(
        (report.verdict, report.data.as_ref().unwrap()["deployable"].clone()),
        (verdict, json!(true)),
        "{report:?}"
    );
    assert!(report.summary.contains(words), "{}", report.summary);
    desk.broker.state().verify(("Shop Web", "1"), API, false);
    let report = check(&desk, json!({})).await;
    assert_eq!(report.verdict, Verdict::Fail);
    let words = "Shop API 2 broke the contract of Shop Web 1 (Shop Web 1 stays live in test as instance `host2`)";
    assert!(report.summary.contains(words), "{}", report.summary);
    desk.broker.state().verify(("Shop Web", "1"), API, true);
    let report = check(&desk, json!({})).await;
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    assert!(report.summary.ends_with("2 verifications succeeded"), "{}", report.summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_another_instance_runs_is_needed_too() {
    let desk = desk();
    desk.broker.state().deployed.retain(|record| record.pacticipant == "Shop API");
    // API 1 is the instance without a name, and this deployment is another.
    let report = check(&desk, json!({ "instance": "host2" })).await;
    assert_eq!(report.verdict, Verdict::Pending, "{report:?}");
    let words =
        "contract of Shop Web 2 by Shop API 1 is known (Shop API 1 stays live in test without an instance's name)";
    assert!(report.summary.contains(words), "{}", report.summary);
    desk.broker.state().verify(WEB, ("Shop API", "1"), true);
    assert_eq!(check(&desk, json!({ "instance": "host2" })).await.verdict, Verdict::Pass);
    desk.broker.state().verify(WEB, ("Shop API", "1"), false);
    assert_eq!(check(&desk, json!({ "instance": "host2" })).await.verdict, Verdict::Fail);
    assert_eq!(
        check(&desk, json!({})).await.verdict,
        Verdict::Pass,
        "as the instance without a name it takes its place"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_this_deployment_replaces_does_not_count() {
    let desk = desk();
    desk.broker.state().verify(("Shop Web", "1"), API, false);
    let report = check(&desk, json!({ "instance": "host2" })).await;
    assert!(!titles(&report, Verdict::Fail).iter().any(|title| title.contains("Shop Web 1")), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supported_release_stays_beside_a_new_one() {
    let desk = desk();
    {
        let mut state = desk.broker.state();
        state.deployed.clear();
        state.release("Shop Web", "1", "test");
        state.verify(("Shop Web", "1"), API, false);
    }
    for with in [json!({}), json!({ "record": "release" }), json!({ "instance": "host1" })] {
        let report = check(&desk, with).await;
        assert_eq!(report.verdict, Verdict::Fail, "{report:?}");
        assert!(report.summary.contains("(Shop Web 1 stays live in test as a release)"), "{}", report.summary);
    }
    // A release takes the place of no other version, also not of one that is recorded as deployed.
    {
        let mut state = desk.broker.state();
        state.released.clear();
        state.deploy("Shop Web", "1", "test", None);
    }
    assert_eq!(check(&desk, json!({ "record": "release" })).await.verdict, Verdict::Fail);
    assert_eq!(check(&desk, json!({})).await.verdict, Verdict::Pass);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_that_stays_is_looked_at_and_asked_about_once() {
    let desk = desk();
    {
        let mut state = desk.broker.state();
        state.verify(("Shop Web", "1"), API, true);
        state.deploy("Shop Web", "1", "test", Some("host3"));
        state.publish(("Shop Web", "0"), "Shop API", "minus");
        state.deploy("Shop Web", "0", "test", Some("host4"));
        // This version runs elsewhere already, and another pacticipant is live several times.
        state.deploy("Shop Web", "2", "test", Some("host5"));
        for (version, content) in [("6", "six"), ("7", "seven")] {
            state.publish(("Shop App", version), "Shop API", content);
            state.deploy("Shop App", version, "test", Some(version));
            state.verify(("Shop App", version), API, true);
        }
    }
    let report = check(&desk, json!({})).await;
    assert_eq!(report.verdict, Verdict::Pending, "{report:?}");
    assert!(report.summary.contains("contract of Shop Web 0 by Shop API 2"), "{}", report.summary);
    let asked = desk.broker.state().asked.join("\n");
    assert_eq!(asked.matches("GET /matrix").count(), 3, "the release, Web 0 and Web 1: {asked}");
    desk.broker.state().verify(("Shop Web", "0"), API, true);
    let report = check(&desk, json!({})).await;
    assert_eq!(report.verdict, Verdict::Pass, "{report:?}");
    desk.broker.state().verify(("Shop App", "7"), API, false);
    assert_eq!(check(&desk, json!({})).await.verdict, Verdict::Fail);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_and_goes_between_two_questions_is_asked_about_again() {
    let desk = desk();
    desk.broker.state().verify(("Shop Web", "1"), API, true);
    desk.broker.state().after.push(("/matrix", |state| {
        state.publish(("Shop Web", "0"), "Shop API", "minus");
        state.deploy("Shop Web", "0", "test", Some("host4"));
    }));
    let report = check(&desk, json!({})).await;
    assert_eq!(report.verdict, Verdict::Pending, "{report:?}");
    assert!(report.summary.contains("what is live in test changed while the broker was asked"), "{}", report.summary);
    let report = check(&desk, json!({})).await;
    assert!(report.summary.contains("contract of Shop Web 0"), "now it is asked about: {}", report.summary);

    desk.broker.state().verify(("Shop Web", "0"), API, true);
    desk.broker.state().after.push(("/matrix", |state| state.deployed.retain(|record| record.version != "0")));
    assert_eq!(check(&desk, json!({})).await.verdict, Verdict::Pending);
    assert_eq!(check(&desk, json!({})).await.verdict, Verdict::Pass);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_too_late_does_not_hide_what_is_known() {
    for (known, verdict, words) in [
        (true, Verdict::Pending, "not everything was asked: "),
        (false, Verdict::Fail, "Shop API 2 broke the contract of Shop Web 2"),
    ] {
        let desk = Desk { patience: Duration::from_secs(5), ..desk() };
        desk.broker.state().verify(WEB, API, known);
        desk.broker.state().after.push(("/matrix", |state| state.fault = Some(Fault::Slow)));
        let report = check(&desk, json!({})).await;
        assert_eq!(report.verdict, verdict, "{report:?}");
        assert!(report.summary.contains(words), "{}", report.summary);
    }
    // Another error is one when nothing is known, and when the broker wants to be left alone.
    let waits = desk();
    waits.broker.state().after.push(("/matrix", |state| {
        state.deploy("Shop Mail", "1", "test", None);
        state.publish(("Shop Web", "2"), "Shop Mail", "mail");
    }));
    assert_eq!(check(&waits, json!({})).await.verdict, Verdict::Pending);
    waits.broker.state().after.push(("/matrix", |state| state.fault = Some(Fault::Limited)));
    let failure = waits.check(both(&json!({}))).await.unwrap_err();
    assert_eq!(failure.details.unwrap_or_default()["retry-after"], 7);
    let desk = desk();
    desk.broker.state().after.push(("/matrix", |state| state.fault = Some(Fault::Broken)));
    assert_eq!(desk.check(both(&json!({}))).await.unwrap_err().code, "unavailable");
}
