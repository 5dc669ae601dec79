//! Recorders that cannot be reached.

use windlass_documents::Outcome;

use super::yard::{APPLICATION, Host};
use crate::deployment::{Stop, flush};

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

    flush(&host.process(None), APPLICATION, "ada", &Stop::new()).await.unwrap();
    let told: Vec<_> = host.world().told.iter().map(|(_, event)| event.release.version.clone()).collect();
    assert_eq!(told, ["v1", "v2"]);
    flush(&host.process(None), APPLICATION, "ada", &Stop::new()).await.unwrap();
    assert_eq!(host.world().told.len(), 2, "nobody is told twice");
}

#[tokio::test]
async fn what_is_given_up_lets_the_next_one_through_and_is_in_the_chain() {
    let host = Host::three();
    host.world().recorder_down = true;
    host.deploy("v1").await;
    host.deploy("v2").await;
    let engine = host.process(None);
    let first = engine.journal.undelivered(APPLICATION).unwrap().remove(0);
    let dropped = engine.journal.drop_delivery(first.id, "ada", "the ledger was replaced").unwrap();
    assert_eq!(dropped.as_deref(), Some(APPLICATION));
    assert_eq!(engine.journal.drop_delivery(first.id, "ada", "again").unwrap(), None, "it does not wait any more");
    host.world().recorder_down = false;
    flush(&engine, APPLICATION, "ada", &Stop::new()).await.unwrap();
    let told: Vec<_> = host.world().told.iter().map(|(_, event)| event.release.version.clone()).collect();
    assert_eq!(told, ["v2"]);
    let verified = engine.journal.verify().unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
    let shown = engine.journal.show(&first.deployment).unwrap().unwrap();
    assert!(shown.deliveries[0].failure.as_ref().unwrap().contains("given up by ada: the ledger was replaced"));
}
