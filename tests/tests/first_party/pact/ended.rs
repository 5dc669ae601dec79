//! `recorder-pact`: what no longer runs is no longer recorded, what the broker lost is recorded again, and what others recorded
//! is left alone.

use serde_json::{Value, json};
use windlass_domain::Event;

use super::told::{both, deployed, desk, event, writes};
use super::{Desk, hint};

/// The end of a deployment of version 2, which runs, without one of its artifacts.
fn without(artifact: &str, outcome: &str) -> Event {
    let mut event = event("2", outcome, Some("2"));
    event.release.artifacts.remove(artifact);
    event.running.as_mut().unwrap().artifacts.remove(artifact);
    event
}

/// Web and API are recorded in version 2; the facts that say so.
async fn recorded(desk: &Desk, more: Value) -> Value {
    let mut with = both();
    for (key, value) in more.as_object().unwrap() {
        with[key] = value.clone();
    }
    desk.deliver(with, &event("2", "succeeded", Some("2"))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_longer_runs_is_undeployed() {
    let desk = desk();
    let before = recorded(&desk, json!({})).await;
    assert_eq!(before["summary"], "recorded Shop API 2 and Shop Web 2 in test");
    let facts = desk.deliver_after(&[&before], json!({}), &without("api", "succeeded")).await.unwrap();
    assert_eq!(deployed(&desk), ["Shop Web 2"]);
    let words =
        "already recorded: Shop Web 2 in test; ended the record of Shop API 2 in test, which no longer runs here";
    assert_eq!(facts["summary"], words);
    assert_eq!(facts["recorded"].as_array().unwrap().len(), 1);
    // Once is enough.
    let now = writes(&desk);
    desk.deliver_after(&[&facts, &before], json!({}), &without("api", "unchanged")).await.unwrap();
    assert_eq!((writes(&desk), deployed(&desk)), (now, vec!["Shop Web 2".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_is_known_across_deployments_that_changed_nothing() {
    let desk = desk();
    let before = recorded(&desk, json!({})).await;
    let refused = desk.deliver_after(&[&before], both(), &event("3", "refused", Some("2"))).await.unwrap();
    assert_eq!(refused["recorded"].as_array().unwrap().len(), 2);
    // What an earlier version of the plugin said about such a deployment does not hide it.
    let nothing = json!({ "recorded": [] });
    let facts = desk.deliver_after(&[&nothing, &refused], json!({}), &without("api", "succeeded")).await.unwrap();
    assert_eq!(deployed(&desk), ["Shop Web 2"], "{facts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_team_recorded_since_is_left_alone() {
    let desk = desk();
    let before = recorded(&desk, json!({})).await;
    desk.broker.state().deploy("Shop API", "3", "test", None);
    let facts = desk.deliver_after(&[&before], json!({}), &without("api", "succeeded")).await.unwrap();
    assert_eq!(deployed(&desk), ["Shop API 3", "Shop Web 2"]);
    assert!(facts["summary"].as_str().unwrap().contains("left version 3 of Shop API in test as it is"), "{facts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_name_instance_or_environment_ends_the_record_of_before() {
    for (more, expected) in [
        (json!({ "pacticipants": { "web": "Shop", "api": "Shop API" } }), vec!["Shop 2", "Shop API 2"]),
        (json!({ "instance": "blue", "pacticipants": both()["pacticipants"] }), vec!["Shop API 2", "Shop Web 2"]),
        (json!({ "environment": "production", "pacticipants": both()["pacticipants"] }), vec![]),
    ] {
        let desk = desk();
        desk.broker.state().version("Shop", "2");
        let before = recorded(&desk, json!({})).await;
        // As an earlier version of the plugin wrote it.
        let older = json!({ "environment": "test", "record": "deployment", "recorded": before["recorded"].as_array()
            .unwrap().iter().map(|one| json!({
                "pacticipant": one["pacticipant"], "version": one["version"], "address": one["address"],
            })).collect::<Vec<_>>() });
        for before in [before, older] {
            desk.deliver_after(&[&before], more.clone(), &event("2", "succeeded", Some("2"))).await.unwrap();
            if before.get("broker").is_some() {
                assert_eq!(deployed(&desk), expected, "{more}");
                let state = desk.broker.state();
                let live = state.deployed.iter().filter(|record| record.live);
                assert_eq!(live.count(), 2, "{more}: {:?}", state.deployed);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_version_of_the_plugin_recorded_is_known_by_its_address() {
    let desk = desk();
    let before = recorded(&desk, json!({ "instance": "blue" })).await;
    let recorded: Vec<Value> = before["recorded"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| json!({ "pacticipant": one["pacticipant"], "version": one["version"], "address": one["address"] }))
        .collect();
    let older = json!({ "environment": "test", "record": "deployment", "recorded": recorded });
    desk.deliver_after(&[&older], json!({ "instance": "blue" }), &without("api", "succeeded")).await.unwrap();
    let state = desk.broker.state();
    let live: Vec<_> = state.deployed.iter().filter(|record| record.live && record.instance.is_some()).collect();
    assert_eq!(live.len(), 1, "{live:?}");
    assert_eq!(live[0].pacticipant, "Shop Web");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nothing_runs_nothing_is_recorded() {
    let desk = desk();
    let before = recorded(&desk, json!({})).await;
    let facts = desk.deliver_after(&[&before], both(), &event("3", "rolled-back", None)).await.unwrap();
    assert!(deployed(&desk).is_empty());
    // And that is remembered.
    let now = desk.broker.state().asked.len();
    desk.deliver_after(&[&facts, &before], both(), &event("3", "rolled-back", None)).await.unwrap();
    assert_eq!(desk.broker.state().asked.len(), now);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_the_broker_lost_is_written_again() {
    let desk = desk();
    let before = recorded(&desk, json!({})).await;
    let unchanged = event("2", "unchanged", Some("2"));
    let well = desk.deliver_after(&[&before], both(), &unchanged).await.unwrap();
    assert_eq!(well["summary"], "already recorded: Shop API 2 and Shop Web 2 in test");
    for lost in [true, false] {
        if lost {
            desk.broker.state().deployed.clear();
        } else {
            desk.broker.state().deploy("Shop API", "1", "test", None);
        }
        let facts = desk.deliver_after(&[&well], both(), &unchanged).await.unwrap();
        assert_eq!(deployed(&desk), ["Shop API 2", "Shop Web 2"]);
        assert!(facts["summary"].as_str().unwrap().contains("recorded again"), "{facts}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_back_is_recorded_by_the_names_of_its_own_release() {
    let desk = desk();
    desk.broker.state().version("Shop", "2");
    let before = recorded(&desk, json!({})).await;
    // The release that failed calls one by another name and lacks the other.
    let mut failed = event("3", "rolled-back", Some("2"));
    failed.release.artifacts.remove("api");
    desk.broker.state().deployed.clear();
    let facts = desk.deliver_after(&[&before], json!({ "pacticipants": { "web": "Shop" } }), &failed).await.unwrap();
    assert_eq!(deployed(&desk), ["Shop API 2", "Shop Web 2"], "{facts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_was_never_published_is_no_matter_of_waiting() {
    let desk = desk();
    let failure = desk.deliver(both(), &event("9", "succeeded", Some("9"))).await.unwrap_err();
    assert_eq!((failure.code.as_str(), failure.retryable), ("not-found", false));
    assert!(hint(&failure).contains("then deploy the release again"), "{failure:?}");
}
