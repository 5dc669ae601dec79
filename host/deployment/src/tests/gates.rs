//! What the gates let through.

use std::time::Duration;

use windlass_domain::{Failure, Migration, Outcome, Verdict};
use windlass_foundation::explain::ExitCode;
use windlass_journal::{Decision, Notice};

use super::yard::{Fault, Host, When, kudos, principal, report, request, rollback};
use crate::{Stop, Target, check_only, earlier, known};

fn broken() -> Failure {
    Failure { code: "timeout".to_owned(), message: "no answer".to_owned(), retryable: false, details: None }
}

#[tokio::test]
async fn one_no_refuses_and_all_answers_are_kept() {
    let host = Host::three();
    host.world().checks.insert("a".to_owned(), vec![Ok(report(Verdict::Pass, "fine"))]);
    host.world().checks.insert("b".to_owned(), vec![Ok(report(Verdict::Fail, "not this one"))]);
    host.world().checks.insert("c".to_owned(), vec![Err(broken())]);
    let ending = host.deploy("v1").await;
    assert_eq!((ending.outcome, ending.exit()), (Outcome::Refused, ExitCode::Refused));
    assert_eq!(ending.state.checks.len(), 4, "three and the agent's own");
    assert!(host.world().calls.is_empty(), "nothing was touched");
    // The gates refuse a release without condemning it.
    host.world().checks.clear();
    assert_eq!(host.deploy("v1").await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_check_that_is_pending_at_its_deadline_is_not_passed_over_as_an_error() {
    let host = Host::three();
    host.world().errors_pass = true;
    host.world().patience = Some(Duration::from_millis(50));
    let away = Failure { code: "unavailable".to_owned(), retryable: true, ..broken() };
    let answers = vec![Ok(report(Verdict::Pending, "not verified yet")), Err(away)];
    host.world().checks.insert("contract".to_owned(), answers);
    let ending = host.deploy("v1").await;
    assert_eq!(ending.outcome, Outcome::Refused);
    let message = ending.state.failure.as_ref().unwrap().message.clone();
    assert_eq!(message, "`contract`: still pending after 50 ms: not verified yet");
    assert!(host.world().calls.is_empty(), "nothing was touched");
    let told = &host.world().told[0].1.checks;
    let contract = told.iter().find(|check| check.name == "contract").unwrap();
    assert_eq!(contract.report.verdict, Verdict::Inconclusive);
    assert!(contract.report.findings.iter().any(|finding| finding.title.contains("calls failed: no answer")));
}

#[tokio::test]
async fn an_outage_within_the_deadline_is_waited_out() {
    let host = Host::three();
    let away = Failure { code: "unavailable".to_owned(), retryable: true, ..broken() };
    let mut answers = vec![Ok(report(Verdict::Pending, "not verified yet"))];
    answers.extend(std::iter::repeat_n(Err(away), 6));
    answers.push(Ok(report(Verdict::Pass, "verified")));
    host.world().checks.insert("contract".to_owned(), answers.clone());
    host.world().smoke.insert("pages".to_owned(), answers);
    assert_eq!(host.deploy("v1").await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_check_that_gives_no_answer_does_not_hold_up_a_way_back_and_a_no_does() {
    let host = Host::three();
    host.deploy("v1").await;
    host.deploy("v2").await;
    host.world().checks.insert("broker".to_owned(), vec![Err(broken())]);
    assert_eq!(host.deploy("v3").await.outcome, Outcome::Refused);
    host.world().checks.insert("history".to_owned(), vec![Ok(report(Verdict::Inconclusive, "who knows"))]);
    let ending = host.try_deploy(rollback(None)).await.unwrap();
    assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::Succeeded, Some("v1")));
    let rulings: Vec<Decision> = ending.state.checks.iter().map(|check| check.decision).collect();
    assert_eq!(rulings, [Decision::Passed, Decision::Warned, Decision::Warned]);
    host.world().checks.insert("history".to_owned(), vec![Ok(report(Verdict::Fail, "not this one"))]);
    assert_eq!(host.try_deploy(rollback(Some("v2"))).await.unwrap().outcome, Outcome::Refused);
}

#[tokio::test]
async fn another_release_with_the_same_parts_passes_the_gates_before_it_is_what_runs() {
    let host = Host::three();
    let of = |commit: &str| {
        let mut wish = request("v1");
        let Target::Source(source) = &mut wish.target else { panic!("the request is of a source") };
        source.commit = Some(commit.to_owned());
        wish
    };
    assert_eq!(host.try_deploy(of("1ef921a")).await.unwrap().outcome, Outcome::Succeeded);
    host.world().checks.insert("history".to_owned(), vec![Ok(report(Verdict::Fail, "not on main"))]);
    assert_eq!(host.try_deploy(of("1ef921a")).await.unwrap().outcome, Outcome::Unchanged, "it runs, whatever they say");
    assert_eq!(host.try_deploy(of("2ef921a")).await.unwrap().outcome, Outcome::Refused);
    host.world().checks.clear();
    host.world().smoke.insert("pages".to_owned(), vec![Ok(report(Verdict::Fail, "says 500"))]);
    let unproved = host.try_deploy(of("2ef921a")).await.unwrap();
    assert_eq!(unproved.outcome, Outcome::Refused, "what runs does not prove it");
    assert!(host.process(None).journal.quarantine(&kudos()).unwrap().is_empty());
    host.world().smoke.insert("pages".to_owned(), vec![Ok(report(Verdict::Pass, "all are there"))]);
    let ending = host.try_deploy(of("2ef921a")).await.unwrap();
    assert_eq!(ending.outcome, Outcome::Unchanged);
    let proofs: Vec<&str> = ending.state.proofs.iter().map(|proof| proof.name.as_str()).collect();
    assert_eq!(proofs, ["health", "pages"], "it is proved by what runs");
    assert!(host.process(None).journal.verify().unwrap().faults.is_empty());
    assert_eq!(host.try_deploy(of("2ef921a")).await.unwrap().state.proofs, [], "nothing new is to be proved");
    let running = host.process(None).journal.running(&kudos()).unwrap().unwrap();
    assert_eq!(running.release.commit.as_deref(), Some("2ef921a"));
}

#[tokio::test]
async fn breaking_the_glass_goes_over_a_no_and_says_so() {
    let host = Host::three();
    host.world().checks.insert("b".to_owned(), vec![Ok(report(Verdict::Fail, "not this one"))]);
    let mut wish = request("v1");
    wish.break_glass = Some("the shop is down".to_owned());
    let ending = host.try_deploy(wish).await.unwrap();
    assert_eq!(ending.outcome, Outcome::Succeeded);
    let check = ending.state.checks.iter().find(|check| check.name == "b").unwrap();
    assert_eq!(check.decision, Decision::Overridden);
    let history = host.process(None).journal.history(None, 1, None).unwrap();
    assert_eq!(history[0].break_glass.as_deref(), Some("the shop is down"));
}

#[tokio::test]
async fn a_frozen_application_is_refused_with_the_reason_until_it_is_opened() {
    let host = Host::three();
    let frozen = Notice::Frozen { actor: (&principal("ada")).into(), reason: "the sale runs".to_owned() };
    host.process(None).journal.note(&kudos(), &frozen).unwrap();
    let ending = host.deploy("v1").await;
    assert_eq!(ending.outcome, Outcome::Refused);
    let message = ending.state.failure.unwrap().message;
    assert!(message.contains("ada") && message.contains("the sale runs"), "{message}");
    assert!(host.world().calls.is_empty(), "nothing was touched");
    let mut wish = request("v1");
    wish.break_glass = Some("the login is broken".to_owned());
    assert_eq!(host.try_deploy(wish).await.unwrap().outcome, Outcome::Succeeded);
    let unfrozen = Notice::Unfrozen { actor: (&principal("ada")).into(), reason: None };
    assert!(host.process(None).journal.note(&kudos(), &unfrozen).unwrap());
    assert_eq!(host.deploy("v2").await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_pinned_application_stays_at_its_release_until_it_is_unpinned() {
    let host = Host::three();
    host.deploy("v1").await;
    host.deploy("v2").await;
    let one = earlier(&host.process(None), &kudos(), Some("v1")).unwrap();
    let pinned = Notice::Pinned {
        actor: (&principal("ada")).into(),
        reason: "v2 loses orders".to_owned(),
        release: one.release.unwrap(),
        version: "v1".to_owned(),
    };
    host.process(None).journal.note(&kudos(), &pinned).unwrap();
    let ending = host.deploy("v3").await;
    assert_eq!(ending.outcome, Outcome::Refused);
    assert_eq!(
        ending.hint().unwrap(),
        "`windlass unpin kudos` ends that; `--break-glass REASON` deploys once all the same"
    );
    let message = ending.state.failure.unwrap().message;
    assert!(message.contains("ada pinned version v1: v2 loses orders"), "{message}");
    assert_eq!(host.try_deploy(rollback(Some("v1"))).await.unwrap().outcome, Outcome::Succeeded);
    let unpinned = Notice::Unpinned { actor: (&principal("bob")).into(), reason: None };
    assert!(host.process(None).journal.note(&kudos(), &unpinned).unwrap());
    assert_eq!(host.deploy("v3").await.outcome, Outcome::Succeeded);
    assert!(host.process(None).journal.verify().unwrap().faults.is_empty());
}

#[tokio::test]
async fn a_person_puts_a_release_into_quarantine_and_takes_it_out() {
    let host = Host::three();
    host.deploy("v1").await;
    host.deploy("v2").await;
    let two = known(&host.process(None), &kudos(), "v2").unwrap().release.unwrap();
    host.deploy("v1").await;
    let quarantined = Notice::Quarantined {
        actor: (&principal("ada")).into(),
        reason: "it loses orders".to_owned(),
        release: two.clone(),
        version: "v2".to_owned(),
    };
    host.process(None).journal.note(&kudos(), &quarantined).unwrap();
    let ending = host.deploy("v2").await;
    assert_eq!(ending.outcome, Outcome::Refused);
    let message = ending.state.failure.unwrap().message;
    assert!(message.contains("ada put version v2 into quarantine: it loses orders"), "{message}");
    let lifted = Notice::Unquarantined { actor: (&principal("bob")).into(), reason: None, release: two };
    assert!(host.process(None).journal.note(&kudos(), &lifted).unwrap());
    assert_eq!(host.deploy("v2").await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_missing_way_back_refuses() {
    let host = Host::three();
    host.deploy("v1").await;
    host.world().missing.push("nobody has image@v1".to_owned());
    let ending = host.deploy("v2").await;
    assert_eq!(ending.outcome, Outcome::Refused);
    let message = ending.state.failure.unwrap().message;
    assert!(message.contains("a rollback would not be possible: nobody has image@v1"), "{message}");
    // The first has nothing but itself to go back to.
    assert_eq!(host.world().ways_back, ["v1", "v1"]);
}

#[tokio::test]
async fn a_way_back_that_cannot_be_looked_at_refuses_unless_what_runs_cannot_be_used_any_more() {
    let host = Host::three();
    host.deploy("v1").await;
    host.world().missing_fails = Some("unavailable");
    let ending = host.deploy("v2").await;
    assert_eq!(ending.outcome, Outcome::Refused);
    let message = ending.state.failure.unwrap().message;
    assert!(message.contains("it could not be checked whether a rollback is possible: nobody answers"), "{message}");
    host.world().missing_fails = Some("unusable");
    assert_eq!(host.deploy("v2").await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn asking_the_gates_leaves_no_trace() {
    let host = Host::three();
    host.world().checks.insert("a".to_owned(), vec![Ok(report(Verdict::Warn, "hm"))]);
    let engine = host.process(None);
    let gated = check_only(&engine, &request("v1"), &Stop::new()).await.unwrap();
    assert!(gated.passed);
    assert_eq!(gated.planned.plan.steps.len(), 6);
    assert!(engine.journal.history(None, 10, None).unwrap().is_empty());
}

fn irreversible() -> Migration {
    Migration { irreversible: true, oldest_rollback: None }
}

#[tokio::test]
async fn going_back_over_an_irreversible_migration_is_refused() {
    let host = Host::three();
    host.world().migration.insert("v2".to_owned(), irreversible());
    for version in ["v1", "v2", "v3"] {
        assert_eq!(host.deploy(version).await.outcome, Outcome::Succeeded);
    }
    assert_eq!(host.try_deploy(rollback(Some("v2"))).await.unwrap().outcome, Outcome::Succeeded);
    let refused = host.try_deploy(rollback(Some("v1"))).await.unwrap();
    assert_eq!(refused.outcome, Outcome::Refused);
    assert!(refused.state.failure.unwrap().message.contains("irreversible"));
    // The same by another road.
    assert_eq!(host.deploy("v1").await.outcome, Outcome::Refused);
}

#[tokio::test]
async fn the_oldest_version_to_go_back_to_is_compared_as_a_version() {
    let host = Host::three();
    let migration = Migration { irreversible: false, oldest_rollback: Some("1.4.0".to_owned()) };
    host.world().migration.insert("1.10.0".to_owned(), migration);
    for version in ["1.3.9", "1.4.2", "1.10.0"] {
        host.deploy(version).await;
    }
    assert_eq!(host.try_deploy(rollback(Some("1.3.9"))).await.unwrap().outcome, Outcome::Refused);
    assert_eq!(host.try_deploy(rollback(Some("1.4.2"))).await.unwrap().outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_failed_irreversible_release_is_frozen_and_not_undone() {
    let host = Host::three();
    host.deploy("v1").await;
    host.world().migration.insert("v2".to_owned(), irreversible());
    host.world().apply_faults.insert("web".to_owned(), Fault::always(When::Half));
    let ending = host.deploy("v2").await;
    assert_eq!(ending.outcome, Outcome::Stuck);
    assert!(ending.state.failure.unwrap().message.contains("irreversible"));
    assert!(!host.world().calls.iter().any(|call| call.starts_with("undo")));
    assert_eq!(host.process(None).journal.stuck(Some(&kudos())).unwrap().len(), 1);
}
