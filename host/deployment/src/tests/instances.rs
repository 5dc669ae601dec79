//! An application and the same one under another name: locks, holds and what runs are apart.

use windlass_domain::Outcome;
use windlass_foundation::names::Instance;
use windlass_journal::Notice;

use super::yard::{Host, kudos, principal, request};
use crate::{DeploymentRequest, Error, Stop, is_held, lock, run};

fn preview() -> Instance {
    Instance::parse("kudos@pr-123").unwrap()
}

#[tokio::test]
async fn each_has_a_lock_of_its_own() {
    let host = Host::three();
    let engine = host.process(None);
    let take = |instance: Instance| {
        let engine = &engine;
        async move { lock::hold(engine, &instance, &principal("ada"), None, &Stop::new()).await }
    };
    let held = take(preview()).await.unwrap();
    assert!(is_held(&engine, &preview()) && !is_held(&engine, &kudos()));
    assert!(engine.locks.join("kudos@pr-123.lock").is_file());
    let itself = take(kudos()).await.unwrap();
    assert!(matches!(take(preview()).await, Err(Error::Busy { .. })));
    drop(held);
    assert!(engine.journal.holder(&preview()).unwrap().is_none() && engine.journal.holder(&kudos()).unwrap().is_some());
    assert!(take(preview()).await.is_ok() && is_held(&engine, &kudos()));
    drop(itself);
}

#[tokio::test]
async fn what_holds_one_back_does_not_hold_the_other_back() {
    let host = Host::three();
    assert_eq!(host.deploy("v1").await.outcome, Outcome::Succeeded);
    let journal = || host.process(None).journal;
    let frozen = Notice::Frozen { actor: (&principal("ada")).into(), reason: "the sale runs".to_owned() };
    journal().note(&kudos(), &frozen).unwrap();
    let deploy = |instance: Instance| {
        let host = &host;
        async move {
            let request = DeploymentRequest { instance, ..request("v2") };
            run(&host.process(None), request, &Stop::new()).await.unwrap().outcome
        }
    };
    assert_eq!(deploy(kudos()).await, Outcome::Refused);
    assert_eq!(deploy(preview()).await, Outcome::Succeeded);
    let version = |instance: &Instance| journal().running(instance).unwrap().unwrap().release.version.clone();
    assert_eq!((version(&kudos()).as_str(), version(&preview()).as_str()), ("v1", "v2"));
    // The release is the application's, whatever its name on the host.
    assert_eq!(journal().running(&preview()).unwrap().unwrap().release.application, "kudos");
    assert_eq!(journal().history(Some(&kudos()), 10, None).unwrap().len(), 2);
    assert_eq!(journal().history(Some(&preview()), 10, None).unwrap().len(), 1);
}
