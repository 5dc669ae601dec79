//! Which failures are the release's own, so that it is refused from then on.

use windlass_domain::{Failure, Outcome, Verdict};

use super::yard::{Host, kudos, report};

fn said(code: &str) -> Failure {
    Failure { code: code.to_owned(), message: "on purpose".to_owned(), retryable: false, details: None }
}

/// Whether version 2 is refused after it failed so.
async fn is_set_aside(host: &Host) -> bool {
    let ending = host.deploy("v2").await;
    assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::RolledBack, Some("v1")));
    let journal = host.process(None).journal;
    assert!(journal.verify().unwrap().faults.is_empty());
    let quarantined = journal.quarantined(&kudos(), "sha256:v2").unwrap().is_some();
    assert_eq!(ending.state.quarantines().is_some(), quarantined);
    quarantined
}

#[tokio::test]
async fn what_is_around_a_release_does_not_set_it_aside() {
    for (code, retryable, runs, own) in [
        ("plugin:unhealthy", false, None, true),
        ("plugin:job-failed", false, Some(true), true),
        ("invalid-argument", false, Some(true), true),
        ("timeout", false, Some(true), true),
        ("timeout", true, Some(true), false),
        ("conflict", false, Some(true), false),
        ("capability-denied", false, Some(true), false),
        ("unavailable", true, Some(true), false),
        ("internal", false, Some(true), false),
        ("plugin:pull", false, Some(false), false),
        ("invalid-argument", false, Some(false), false),
    ] {
        let host = Host::three();
        host.deploy("v1").await;
        host.world().breaks = Some(("backend".to_owned(), Failure { retryable, ..said(code) }, runs));
        assert_eq!(is_set_aside(&host).await, own, "{code} {retryable} {runs:?}");
    }
}

#[tokio::test]
async fn a_proof_that_is_not_there_sets_it_aside_and_one_that_cannot_be_looked_for_does_not() {
    for (answer, own) in [
        (Ok(report(Verdict::Fail, "says 500")), true),
        (Ok(report(Verdict::Inconclusive, "says nothing")), true),
        (Err(said("timeout")), true),
        (Err(said("unavailable")), false),
        (Err(said("capability-denied")), false),
    ] {
        let host = Host::three();
        host.deploy("v1").await;
        host.world().smoke.insert("web".to_owned(), vec![answer.clone()]);
        assert_eq!(is_set_aside(&host).await, own, "{answer:?}");
    }
}
