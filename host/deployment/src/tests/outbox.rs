//! Recorders that cannot be reached, and what they will never take.

use windlass_domain::{Failure, Outcome, Verdict};
use windlass_journal::Requeued;

use super::yard::{Host, kudos, principal, report, request};
use crate::{Due, Stop, flush, run};

#[tokio::test]
async fn a_recorder_that_is_away_is_told_later_and_in_order() {
    let host = Host::three();
    host.world().recorder_down = true;
    let ending = host.deploy("v1").await;
    assert_eq!(ending.outcome, Outcome::Succeeded);
    assert_eq!(ending.undelivered.len(), 1);
    host.deploy("v2").await;
    assert!(host.world().told.is_empty());
    host.world().recorder_down = false;
    let last = host.deploy("v3").await;
    assert!(last.undelivered.is_empty());
    let told: Vec<_> = host.world().told.iter().map(|(_, event)| event.release.version.clone()).collect();
    assert_eq!(told, ["v1", "v2", "v3"]);
}

#[tokio::test]
async fn a_recorder_that_wants_to_be_left_alone_is_told_when_somebody_asks_for_it() {
    let host = Host::three();
    host.world().recorder_down = true;
    host.world().recorder_retry_after = Some(3_600);
    host.deploy("v1").await;
    host.world().recorder_down = false;
    let waiting = host.deploy("v2").await;
    assert_eq!(waiting.outcome, Outcome::Succeeded);
    assert!(host.world().told.is_empty(), "an hour is not over");
    assert_eq!(waiting.undelivered.len(), 2);

    flush(&host.process(None), &kudos(), &principal("ada"), Due::Ignored, &Stop::new()).await.unwrap();
    let told: Vec<_> = host.world().told.iter().map(|(_, event)| event.release.version.clone()).collect();
    assert_eq!(told, ["v1", "v2"]);
    flush(&host.process(None), &kudos(), &principal("ada"), Due::Ignored, &Stop::new()).await.unwrap();
    assert_eq!(host.world().told.len(), 2, "nobody is told twice");
}

#[tokio::test]
async fn what_is_given_up_lets_the_next_one_through_and_is_in_the_chain() {
    let host = Host::three();
    host.world().recorder_down = true;
    host.deploy("v1").await;
    host.deploy("v2").await;
    let engine = host.process(None);
    let first = engine.journal.undelivered(&kudos()).unwrap().remove(0);
    let dropped = engine.journal.drop_delivery(first.id, &principal("ada"), "the ledger was replaced").unwrap();
    assert_eq!(dropped, Some(kudos()));
    assert_eq!(
        engine.journal.drop_delivery(first.id, &principal("ada"), "again").unwrap(),
        None,
        "it does not wait any more"
    );
    host.world().recorder_down = false;
    flush(&engine, &kudos(), &principal("ada"), Due::Ignored, &Stop::new()).await.unwrap();
    let told: Vec<_> = host.world().told.iter().map(|(_, event)| event.release.version.clone()).collect();
    assert_eq!(told, ["v2"]);
    let verified = engine.journal.verify().unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    let shown = engine.journal.show(&first.deployment).unwrap().unwrap();
    assert!(shown.deliveries[0].failure.as_ref().unwrap().contains("given up by ada: the ledger was replaced"));
}

fn versions(host: &Host) -> Vec<String> {
    host.world().told.iter().map(|(_, event)| event.release.version.clone()).collect()
}

fn refuses(host: &Host, version: &str, code: &str, retryable: bool) {
    let failure = Failure {
        code: code.to_owned(),
        message: format!("the ledger knows no {version}"),
        retryable,
        details: Some(serde_json::json!({ "hint": format!("publish {version}") })),
    };
    host.world().recorder_refuses.insert(version.to_owned(), failure);
}

/// What is not told, as `VERSION waits` or `VERSION aside`.
fn untold(host: &Host) -> Vec<String> {
    let journal = host.process(None).journal;
    let word = |aside: bool| if aside { "aside" } else { "waits" };
    let all = journal.undelivered(&kudos()).unwrap();
    all.iter()
        .map(|one| format!("{} {}", one.event.as_ref().unwrap().release.version, word(one.aside.is_some())))
        .collect()
}

#[tokio::test]
async fn what_a_recorder_will_never_take_is_set_aside_and_later_events_go_on() {
    let host = Host::three();
    host.deploy("v1").await;
    refuses(&host, "v2", "not-found", false);
    let second = host.deploy("v2").await;
    assert_eq!(second.outcome, Outcome::Succeeded, "a record never changes an outcome");
    let aside = second.undelivered[0].aside.as_ref().unwrap();
    assert_eq!(aside.refusal.reason, "the ledger knows no v2");
    assert_eq!(aside.refusal.hint.as_deref(), Some("publish v2"));
    assert!(second.undelivered[0].event.is_some(), "it keeps what it would have told");

    let third = host.deploy("v3").await;
    assert_eq!(versions(&host), ["v1", "v3"]);
    assert_eq!(untold(&host), ["v2 aside"], "until somebody says something");
    assert_eq!(third.undelivered.len(), 1, "every later deployment says so, too");

    // The older record would take the place of the newer one.
    let engine = host.process(None);
    let number = third.undelivered[0].id;
    let overtaken = engine.journal.requeue(number, &principal("ada")).unwrap();
    assert!(matches!(&overtaken, Requeued::Overtaken { later, .. } if *later == third.state.id), "{overtaken:?}");
    let dropped = engine.journal.drop_delivery(number, &principal("ada"), "seen").unwrap();
    assert_eq!(dropped, Some(kudos()));
    assert_eq!(untold(&host), [""; 0]);
    assert_eq!(engine.journal.requeue(number, &principal("ada")).unwrap(), Requeued::NotSetAside);
    let verified = engine.journal.verify().unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
}

#[tokio::test]
async fn what_was_set_aside_is_told_again_when_nothing_later_was() {
    let host = Host::three();
    refuses(&host, "v1", "not-found", false);
    host.deploy("v1").await;
    host.world().recorder_down = true;
    host.deploy("v2").await;
    assert_eq!(untold(&host), ["v1 aside", "v2 waits"]);
    host.world().recorder_down = false;
    host.world().recorder_refuses.clear();
    let engine = host.process(None);
    let number = engine.journal.undelivered(&kudos()).unwrap()[0].id;
    let again = engine.journal.requeue(number, &principal("ada")).unwrap();
    assert_eq!(again, Requeued::Waits { instance: kudos() });
    assert_eq!(untold(&host), ["v1 waits", "v2 waits"]);
    flush(&engine, &kudos(), &principal("ada"), Due::Ignored, &Stop::new()).await.unwrap();
    assert_eq!(versions(&host), ["v1", "v2"], "in order");
    assert!(engine.journal.verify().unwrap().faults.is_empty());
}

#[tokio::test]
async fn what_waits_for_the_operator_of_this_host_keeps_its_place() {
    let host = Host::three();
    refuses(&host, "v1", "capability-denied", false);
    host.deploy("v1").await;
    host.deploy("v2").await;
    assert_eq!((versions(&host), untold(&host)), (Vec::new(), vec!["v1 waits".to_owned(), "v2 waits".to_owned()]));
    host.world().recorder_refuses.clear();
    host.deploy("v3").await;
    assert_eq!(versions(&host), ["v1", "v2", "v3"]);
}

#[tokio::test]
async fn a_refused_deployment_does_not_hold_back_the_success_after_it() {
    for (code, retryable) in [("capability-denied", false), ("unavailable", true)] {
        let host = Host::three();
        host.world().checks.insert("gate".to_owned(), vec![Ok(report(Verdict::Fail, "no"))]);
        refuses(&host, "v1", code, retryable);
        assert_eq!(host.deploy("v1").await.outcome, Outcome::Refused);
        host.world().checks.clear();
        assert_eq!(host.deploy("v2").await.outcome, Outcome::Succeeded);
        assert_eq!((versions(&host), untold(&host)), (vec!["v2".to_owned()], vec!["v1 aside".to_owned()]), "{code}");
    }
}

#[tokio::test]
async fn a_refused_deployment_waits_in_order_while_the_recorder_is_away() {
    let host = Host::three();
    host.world().checks.insert("gate".to_owned(), vec![Ok(report(Verdict::Fail, "no"))]);
    host.world().recorder_down = true;
    host.deploy("v1").await;
    host.world().checks.clear();
    host.deploy("v2").await;
    assert_eq!(untold(&host), ["v1 waits", "v2 waits"]);
    host.world().recorder_down = false;
    host.deploy("v3").await;
    assert_eq!(versions(&host), ["v1", "v2", "v3"]);
}

#[tokio::test]
async fn a_recorder_sees_what_it_answered_before_and_says_what_it_did() {
    let host = Host::three();
    let first = host.deploy("v1").await;
    assert_eq!(first.deliveries[0].summary(), Some("wrote v1"));
    host.deploy("v2").await;
    host.deploy("v2").await;
    let seen = host.world().seen_answers.clone();
    let wrote = |answers: &Vec<serde_json::Value>| -> Vec<String> {
        answers.iter().map(|answer| answer["wrote"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(seen.iter().map(wrote).collect::<Vec<_>>(), [vec![], vec!["v1"], vec!["v2", "v1"]]);
    let log = host.process(None).journal.logs(&first.state.id).unwrap();
    assert!(log.iter().any(|line| line.source == "ledger" && line.message == "wrote v1"), "{log:?}");
}

/// A process that ends right before or after it sets something aside: nothing is told out of order, and the event is
/// set aside once.
#[tokio::test]
async fn setting_aside_survives_the_end_of_the_process() {
    for line in 1..20 {
        for side in ["before", "after"] {
            let what = format!("{side} line {line}");
            let host = Host::three();
            refuses(&host, "v1", "not-found", false);
            let engine = host.process(Some(&format!("{side}:{line}")));
            let _ = run(&engine, request("v1"), &Stop::new()).await;
            drop(engine);
            host.deploy("v2").await;
            assert!(versions(&host).iter().all(|version| version == "v2"), "{what}: {:?}", versions(&host));
            let journal = host.process(None).journal;
            assert!(journal.verify().unwrap().faults.is_empty(), "{what}");
            let aside = untold(&host);
            assert!(aside.is_empty() || aside == ["v1 aside"], "{what}: {aside:?}");
        }
    }
}
