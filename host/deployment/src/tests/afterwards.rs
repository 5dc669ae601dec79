//! What is asked, found and done after a deployment, without another one.

use std::time::Duration;

use windlass_domain::Outcome;
use windlass_journal::{Concern, Decision};

use super::yard::{Host, kudos, principal, rollback};
use crate::{Due, Error, Stop, flush, say, sweep_only, verify_only};

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn what_runs_is_asked_what_the_deployment_asked_and_nothing_is_written() {
    let host = Host::three();
    let engine = host.process(None);
    let nothing = verify_only(&engine, &kudos(), PATIENCE, &Stop::new()).await.unwrap_err();
    assert!(matches!(nothing, Error::NoTarget { .. }), "{nothing}");
    host.deploy("v1").await;
    let lines = engine.journal.verify().unwrap().lines;
    let verified = verify_only(&engine, &kudos(), PATIENCE, &Stop::new()).await.unwrap();
    assert!(verified.passed());
    let names: Vec<&str> = verified.proofs.iter().map(|proof| proof.name.as_str()).collect();
    assert_eq!(names[0], "health");
    assert_eq!(verified.running.release.version, "v1");

    // Everything is asked, whatever the health is.
    host.world().sick.insert("v1".to_owned());
    let ill = verify_only(&engine, &kudos(), PATIENCE, &Stop::new()).await.unwrap();
    assert!(!ill.passed());
    assert_eq!((ill.proofs.len(), ill.proofs[0].decision), (verified.proofs.len(), Decision::Refused));
    assert_eq!(engine.journal.verify().unwrap().lines, lines);
    let stop = Stop::new();
    stop.ask();
    assert!(matches!(verify_only(&engine, &kudos(), PATIENCE, &stop).await, Err(Error::Stopped)));
}

#[tokio::test]
async fn what_is_about_a_deployment_is_not_done_when_another_one_touched_anything_since() {
    let host = Host::three();
    let first = host.deploy("v1").await.state.id;
    let second = host.deploy("v2").await.state.id;
    let after = |id: &str| crate::DeploymentRequest { after: Some(id.to_owned()), ..rollback(None) };
    let refused = host.try_deploy(after(&first)).await.unwrap_err();
    assert!(matches!(refused, Error::Followed { .. }), "{refused}");
    // One that was put back touched what runs as well.
    host.world().sick.insert("v3".to_owned());
    assert_eq!(host.deploy("v3").await.outcome, Outcome::RolledBack);
    let refused = host.try_deploy(after(&second)).await.unwrap_err();
    assert!(matches!(refused, Error::Followed { .. }), "{refused}");
    assert_eq!(host.serves().as_deref(), Some("v2"));
    let third = host.deploy("v4").await.state.id;
    // One that touched nothing is none.
    assert_eq!(host.deploy("v4").await.outcome, Outcome::Unchanged);
    assert_eq!(host.try_deploy(after(&third)).await.unwrap().outcome, Outcome::Succeeded);
    assert_eq!(host.serves().as_deref(), Some("v2"));
}

#[tokio::test]
async fn what_is_found_is_told_once_with_what_the_deployment_told() {
    let host = Host::three();
    let id = host.deploy("v1").await.state.id;
    let engine = host.process(None);
    let before = host.world().told.len();
    assert!(say(&engine, &kudos(), &id, Concern::Watch, Some("page failed")).await.unwrap());
    assert!(!say(&engine, &kudos(), &id, Concern::Watch, Some("page failed")).await.unwrap());
    assert!(say(&engine, &kudos(), &id, Concern::Drift, Some("web is missing")).await.unwrap());
    assert!(say(&engine, &kudos(), &id, Concern::Watch, None).await.unwrap());
    flush(&engine, &kudos(), &principal("agent"), Due::Ignored, &Stop::new()).await.unwrap();
    let told: Vec<_> = host.world().told[before..].iter().map(|(_, event)| event.clone()).collect();
    let troubles: Vec<_> = told.iter().map(|event| event.trouble.as_deref().unwrap_or_default()).collect();
    assert_eq!(troubles, ["page failed", "web is missing; page failed", "web is missing"]);
    let keys: std::collections::BTreeSet<_> = told.iter().map(|event| &event.idempotency_key).collect();
    assert_eq!(keys.len(), 3, "each is told once");
    for event in &told {
        assert_eq!((event.outcome, event.deployment == id, event.found.is_some()), (Outcome::Succeeded, true, true));
    }
    assert!(engine.journal.verify().unwrap().faults.is_empty());
}

#[tokio::test]
async fn a_sweep_without_a_deployment_removes_what_one_with_it_removes() {
    let host = Host::three();
    let engine = host.process(None);
    let by = principal("agent");
    assert!(sweep_only(&engine, &kudos(), &by, &Stop::new()).await.unwrap().is_empty(), "nothing runs");
    host.deploy("v1").await;
    let before = host.world().prunes;
    assert_eq!(sweep_only(&engine, &kudos(), &by, &Stop::new()).await.unwrap().len(), 1);
    assert_eq!(host.world().prunes, before + 1);
    assert!(engine.journal.history(Some(&kudos()), 10, None).unwrap().len() == 1, "it is no deployment");
}
