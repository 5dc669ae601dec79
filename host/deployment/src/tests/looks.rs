//! What runs is looked at: after an undo, before a refusal is told, and before `unchanged` is said.

use windlass_domain::Outcome;
use windlass_foundation::call::CallPurpose;
use windlass_foundation::explain::ExitCode;

use super::yard::{Host, kudos, said};

/// What recorders were told last: the version that runs, and what is not as it should be.
fn told(host: &Host) -> (Option<String>, Option<String>) {
    let world = host.world();
    let (_, event) = world.told.last().unwrap();
    (event.running.as_ref().map(|release| release.version.clone()), event.trouble.clone())
}

#[tokio::test]
async fn what_somebody_removed_before_does_not_run_after_an_undo() {
    let host = Host::three();
    host.deploy("v1").await;
    let since = host.process(None).journal.running(&kudos()).unwrap().unwrap().since;
    host.world().things.clear();
    host.world().sick.insert("v2".to_owned());
    let ending = host.deploy("v2").await;
    assert_eq!((ending.outcome, ending.state.something_runs()), (Outcome::RolledBack, false));
    assert!(host.world().things.is_empty(), "as before");
    assert_eq!(told(&host), (None, Some("something else runs".to_owned())));
    let journal = host.process(None).journal;
    assert_eq!(journal.running(&kudos()).unwrap().unwrap().since, since);
    assert!(journal.verify().unwrap().faults.is_empty());

    // What is refused later remembers nothing better.
    host.world().unresolvable = Some(said("not-found", "there is no tag v9"));
    assert_eq!(host.deploy("v9").await.outcome, Outcome::Refused);
    assert_eq!(told(&host).0, None);
}

#[tokio::test]
async fn what_ran_in_part_runs_in_part_afterwards() {
    let host = Host::three();
    host.deploy("v1").await;
    host.world().things.retain(|thing| !thing.starts_with("web@"));
    host.world().sick.insert("v2".to_owned());
    let ending = host.deploy("v2").await;
    assert_eq!((ending.outcome, ending.state.something_runs()), (Outcome::RolledBack, true));
    assert_eq!(told(&host), (Some("v1".to_owned()), Some("something else runs".to_owned())));
    let warned = &ending.warnings[0];
    assert!(warned.contains("v1 is as it was before the deployment, which is not well"), "{warned}");
}

#[tokio::test]
async fn nothing_is_unchanged_while_what_runs_is_not_well() {
    let host = Host::three();
    host.deploy("v1").await;
    let calls = host.world().calls.len();
    host.world().unhealthy.insert("web".to_owned());
    host.world().sick.insert("v1".to_owned());
    let ending = host.deploy("v1").await;
    assert_eq!((ending.outcome, ending.exit()), (Outcome::Refused, ExitCode::Refused));
    let failure = ending.state.failure.clone().unwrap();
    assert_eq!(failure.message, "v1 is what runs and nothing is to be changed, but it is not well: unhealthy");
    assert!(ending.hint().unwrap().contains("windlass status"));
    assert_eq!(host.world().calls.len(), calls, "nothing was touched");
    assert_eq!(told(&host), (Some("v1".to_owned()), Some("web is unhealthy".to_owned())));
    assert!(host.process(None).journal.quarantined(&kudos(), "sha256:v1").unwrap().is_none());

    // A look is no proof: what proves to be well is unchanged.
    host.world().sick.clear();
    assert_eq!(host.deploy("v1").await.outcome, Outcome::Unchanged);
}

#[tokio::test]
async fn what_did_not_begin_anew_runs_since_it_began() {
    let host = Host::three();
    host.deploy("v1").await;
    let journal = host.process(None).journal;
    let first = journal.running(&kudos()).unwrap().unwrap();
    assert_eq!(host.deploy("v1").await.outcome, Outcome::Unchanged);
    assert_eq!(journal.running(&kudos()).unwrap().unwrap(), first);
    assert!(journal.verify().unwrap().faults.is_empty());
}

#[tokio::test]
async fn a_strategy_is_told_why_it_looks() {
    let host = Host::three();
    host.deploy("v1").await;
    host.world().looks.clear();
    host.world().sick.insert("v2".to_owned());
    assert_eq!(host.deploy("v2").await.outcome, Outcome::RolledBack);
    let looks = std::mem::take(&mut host.world().looks);
    assert_eq!((looks.first(), looks.last()), (Some(&CallPurpose::Deploy), Some(&CallPurpose::Rollback)), "{looks:?}");
    // What is refused before anything was planned puts nothing back.
    host.world().unresolvable = Some(said("not-found", "there is no tag v9"));
    assert_eq!(host.deploy("v9").await.outcome, Outcome::Refused);
    assert_eq!(host.world().looks, [CallPurpose::DeploymentStatus]);
}
