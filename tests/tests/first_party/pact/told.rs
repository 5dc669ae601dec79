//! `recorder-pact`: what runs is recorded once, and nothing is made up.

use serde_json::{Value, json};
use windlass_domain::Event;
use windlass_pact_stand_in::{Fault, Recorded};

use super::{Desk, hint, release};

pub(super) fn desk() -> Desk {
    let desk = Desk::new("recorder-pact").with_users();
    desk.broker.state().version("Shop API", "2");
    desk
}

/// The end of a deployment of a version, after which another may run.
pub(super) fn event(version: &str, outcome: &str, running: Option<&str>) -> Event {
    serde_json::from_value(json!({
        "format": 1, "idempotency-key": "k", "deployment": "d1", "sequence": 1, "application": "shop",
        "environment": "test", "host": "h", "outcome": outcome, "rollback": false, "actor": "me",
        "release": release(version), "running": running.map(release), "started": "2026-01-01T00:00:00Z",
        "finished": "2026-01-01T00:01:00Z",
    }))
    .unwrap()
}

pub(super) fn both() -> Value {
    json!({ "pacticipants": { "web": "Shop Web", "api": "Shop API" } })
}

/// What is live in the environment by the broker's records.
fn live(records: &[Recorded]) -> Vec<String> {
    let here = records.iter().filter(|record| record.live && record.environment == "test");
    let mut live: Vec<String> = here.map(|record| format!("{} {}", record.pacticipant, record.version)).collect();
    live.sort();
    live
}

pub(super) fn deployed(desk: &Desk) -> Vec<String> {
    live(&desk.broker.state().deployed)
}

pub(super) fn writes(desk: &Desk) -> usize {
    desk.broker.state().asked.iter().filter(|line| !line.starts_with("GET ")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_takes_the_place_of_what_ran_and_is_recorded_once() {
    let desk = desk();
    let facts = desk.deliver(both(), &event("2", "succeeded", Some("2"))).await.unwrap();
    assert_eq!(deployed(&desk), ["Shop API 2", "Shop Web 2"]);
    assert!(facts["recorded"][0]["address"].as_str().unwrap().contains("/deployed-versions/"), "{facts}");
    assert_eq!((facts["recorded"][0]["already"].clone(), writes(&desk)), (json!(false), 2));
    let facts = desk.deliver(both(), &event("2", "succeeded", Some("2"))).await.unwrap();
    assert_eq!((facts["recorded"][1]["already"].clone(), writes(&desk)), (json!(true), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rollback_what_runs_is_recorded_again() {
    let desk = desk();
    desk.broker.state().version("Shop Web", "1");
    desk.deliver(both(), &event("2", "succeeded", Some("2"))).await.unwrap();
    desk.deliver(both(), &event("1", "succeeded", Some("1"))).await.unwrap();
    assert_eq!(deployed(&desk), ["Shop API 1", "Shop Web 1"]);
    // One that failed was put back: what runs is recorded already.
    let before = writes(&desk);
    desk.deliver(both(), &event("2", "rolled-back", Some("1"))).await.unwrap();
    assert_eq!((deployed(&desk), writes(&desk)), (vec!["Shop API 1".to_owned(), "Shop Web 1".to_owned()], before));
    // And where the record was of something else, it is set right.
    desk.broker.state().deploy("Shop Web", "2", "test", None);
    desk.deliver(both(), &event("2", "rolled-back", Some("1"))).await.unwrap();
    assert_eq!(deployed(&desk), ["Shop API 1", "Shop Web 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_changed_nothing_is_not_even_asked_about() {
    let desk = desk();
    for (outcome, running) in [("refused", Some("1")), ("stuck", Some("1")), ("rolled-back", None)] {
        let facts = desk.deliver(both(), &event("2", outcome, running)).await.unwrap();
        assert_eq!(facts, json!({ "recorded": [] }), "{outcome}");
    }
    assert!(desk.broker.state().asked.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_stays_beside_the_one_before_and_is_recorded_once() {
    let desk = desk();
    desk.broker.state().release("Shop Web", "1", "test");
    let with = json!({ "record": "release" });
    for already in [false, true] {
        let facts = desk.deliver(with.clone(), &event("2", "succeeded", Some("2"))).await.unwrap();
        assert_eq!(facts["recorded"][0]["already"], already);
    }
    assert_eq!(live(&desk.broker.state().released), ["Shop Web 1", "Shop Web 2"]);
    assert_eq!(writes(&desk), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_are_recorded_beside_each_other() {
    let desk = desk();
    for (version, instance) in [("1", "blue"), ("2", "green"), ("2", "green")] {
        desk.broker.state().version("Shop Web", version);
        desk.deliver(json!({ "instance": instance }), &event(version, "succeeded", Some(version))).await.unwrap();
    }
    assert_eq!(deployed(&desk), ["Shop API 1", "Shop Web 1", "Shop Web 2"]);
    assert_eq!(writes(&desk), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_created_that_the_broker_does_not_know() {
    let desk = desk();
    let known = desk.broker.state().pacticipants.clone();
    for (with, version, words, what_next) in [
        (both(), "9", "the broker knows no version 9 of `Shop Web`", "publish"),
        (json!({ "pacticipants": { "web": "shop web" } }), "2", "no pacticipant `shop web`", "case-sensitive"),
        (json!({ "environment": "uat" }), "2", "no environment `uat`; it has: test, production", "create it"),
    ] {
        let failure = desk.deliver(with, &event(version, "succeeded", Some(version))).await.unwrap_err();
        assert_eq!(failure.code, "not-found", "{failure:?}");
        assert!(failure.message.contains(words) && hint(&failure).contains(what_next), "{failure:?}");
    }
    assert_eq!(desk.broker.state().pacticipants, known);
    assert_eq!(writes(&desk), 0);
    assert_eq!(deployed(&desk), ["Shop API 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_cannot_be_recorded_does_not_keep_the_other_from_it() {
    let desk = desk();
    desk.broker.state().version("Shop API", "3");
    let failure = desk.deliver(both(), &event("3", "succeeded", Some("3"))).await.unwrap_err();
    assert!(failure.message.starts_with("Shop Web 3 is not recorded in test: "), "{failure:?}");
    assert_eq!(deployed(&desk), ["Shop API 3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_fails_is_told_again_and_records_once() {
    let desk = desk();
    let told = event("2", "succeeded", Some("2"));
    // The last one records, and its answer is lost on the way.
    for (fault, code, retry_after) in [
        (Fault::Broken, "unavailable", json!(null)),
        (Fault::Limited, "rate-limited", json!(7)),
        (Fault::Half, "unavailable", json!(null)),
    ] {
        desk.broker.state().write_faults.push_back(fault);
        let failure = desk.deliver(json!({}), &told).await.unwrap_err();
        assert_eq!(failure.code, code, "{failure:?}");
        assert!(failure.retryable, "{failure:?}");
        assert_eq!(failure.details.unwrap_or_default()["retry-after"], retry_after);
    }
    let facts = desk.deliver(json!({}), &told).await.unwrap();
    assert_eq!(facts["recorded"][0]["already"], true, "{facts}");
    assert_eq!(deployed(&desk), ["Shop API 1", "Shop Web 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_is_told_that_it_may_not_write() {
    let desk = desk();
    {
        let mut state = desk.broker.state();
        state.reader = state.writer.replace(("another".to_owned(), "another".to_owned()));
    }
    let failure = desk.deliver(json!({}), &event("2", "succeeded", Some("2"))).await.unwrap_err();
    assert!(failure.code == "unauthorized" && failure.message.contains("may not write"), "{failure:?}");
    assert!(hint(&failure).contains("read-only"), "{failure:?}");
}
