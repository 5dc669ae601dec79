//! Every outcome, and what the history says about it.

use std::time::Duration;

use windlass_domain::{Outcome, Verdict};
use windlass_foundation::explain::{ExitCode, Explain};
use windlass_journal::{Event, Origin, Purpose, Resolution};

use super::yard::{Fault, Host, When, kudos, principal, report, request, rollback};
use crate::{Error, Onward, Source, Stop, Target, plan_only, resolve, resume, run};

#[tokio::test]
async fn deploys_updates_and_leaves_alone_what_runs() {
    let host = Host::three();
    let first = host.deploy("v1").await;
    assert_eq!((first.outcome, host.serves().as_deref()), (Outcome::Succeeded, Some("v1")));
    assert!(first.previous.is_none());
    let again = host.deploy("v1").await;
    assert_eq!(again.outcome, Outcome::Unchanged);
    assert_eq!(again.exit(), ExitCode::Succeeded);
    let second = host.deploy("v2").await;
    assert_eq!((second.outcome, host.serves().as_deref()), (Outcome::Succeeded, Some("v2")));
    assert_eq!(second.previous.unwrap().version, "v1");

    let journal = host.process(None).journal;
    let outcomes: Vec<_> = journal.history(Some(&kudos()), 10, None).unwrap().iter().map(|d| d.outcome).collect();
    assert_eq!(outcomes, [Some(Outcome::Succeeded), Some(Outcome::Unchanged), Some(Outcome::Succeeded)]);
    assert_eq!(journal.running(&kudos()).unwrap().unwrap().release.version, "v2");
    assert!(journal.verify().unwrap().faults.is_empty());
    let told: Vec<_> = host.world().told.iter().map(|(_, event)| (event.sequence, event.outcome)).collect();
    assert_eq!(told, [(1, Outcome::Succeeded), (2, Outcome::Unchanged), (3, Outcome::Succeeded)]);
}

#[tokio::test]
async fn old_images_go_before_the_first_step_and_after_success_and_never_turn_it_red() {
    let host = Host::three();
    host.deploy("v1").await;
    assert_eq!(host.world().prunes, 2);
    host.deploy("v1").await;
    assert_eq!(host.world().prunes, 2, "nothing was touched");
    host.world().sick.insert("v2".to_owned());
    assert_eq!(host.deploy("v2").await.outcome, Outcome::RolledBack);
    assert_eq!(host.world().prunes, 3, "what failed keeps its images");
    host.world().prune_fails = true;
    let ending = host.deploy("v3").await;
    assert_eq!(ending.outcome, Outcome::Succeeded);
    assert_eq!(ending.warnings[0], "old images and bundles were not all removed: the engine is busy");
}

#[tokio::test]
async fn needs_are_honoured() {
    let host = Host::three();
    host.deploy("v1").await;
    let applied: Vec<_> = host.world().calls.iter().take(3).cloned().collect();
    assert_eq!(applied, ["apply data", "apply backend", "apply web"]);
}

#[tokio::test]
async fn an_unhealthy_version_is_put_back_and_refused_until_told_otherwise() {
    let host = Host::three();
    host.deploy("v1").await;
    host.world().sick.insert("v2".to_owned());
    let ending = host.deploy("v2").await;
    assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::RolledBack, Some("v1")));
    assert_eq!(ending.exit(), ExitCode::RolledBack);
    let undone: Vec<_> = host.world().calls.iter().filter(|call| call.starts_with("undo")).cloned().collect();
    assert_eq!(undone, ["undo web:end", "undo backend:end", "undo data:end", "undo web", "undo backend", "undo data"]);

    host.world().sick.clear();
    let quarantined = host.deploy("v2").await;
    assert_eq!(quarantined.outcome, Outcome::Refused);
    assert!(quarantined.state.failure.as_ref().unwrap().message.contains("unhealthy"));
    assert_eq!(
        quarantined.hint().as_deref(),
        Some("`--retry` deploys it all the same, `windlass unquarantine kudos v2` ends the quarantine")
    );
    let mut again = request("v2");
    again.retry = true;
    assert_eq!(host.try_deploy(again).await.unwrap().outcome, Outcome::Succeeded);
    // A success clears it.
    assert!(host.process(None).journal.quarantined(&kudos(), "sha256:v2").unwrap().is_none());
}

#[tokio::test]
async fn a_failing_smoke_test_puts_the_old_version_back() {
    let host = Host::three();
    host.deploy("v1").await;
    host.world().smoke.insert("web".to_owned(), vec![Ok(report(Verdict::Fail, "says 500"))]);
    let ending = host.deploy("v2").await;
    assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::RolledBack, Some("v1")));
    assert!(ending.state.failure.unwrap().message.contains("says 500"));
}

#[tokio::test]
async fn pending_is_asked_again() {
    let host = Host::three();
    let pending = || Ok(report(Verdict::Pending, "not yet"));
    host.world().checks.insert("slow".to_owned(), vec![pending(), pending(), Ok(report(Verdict::Pass, "now"))]);
    assert_eq!(host.deploy("v1").await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_release_that_cannot_be_resolved_is_refused_with_its_reason() {
    let host = Host::three();
    host.world().unresolvable = Some(windlass_domain::Failure {
        code: "not-found".to_owned(),
        message: "there is no tag v9".to_owned(),
        retryable: false,
        details: None,
    });
    let ending = host.deploy("v9").await;
    assert_eq!((ending.outcome, ending.exit()), (Outcome::Refused, ExitCode::NotFound));
    assert!(host.world().calls.is_empty());
}

#[tokio::test]
async fn goes_back_on_request_and_forward_again() {
    let host = Host::three();
    host.deploy("v1").await;
    host.deploy("v2").await;
    host.deploy("v3").await;
    let back = host.try_deploy(rollback(None)).await.unwrap();
    assert_eq!((back.outcome, host.serves().as_deref()), (Outcome::Succeeded, Some("v2")));
    assert_eq!(back.state.asked.purpose, Purpose::Rollback);
    let further = host.try_deploy(rollback(Some("v1"))).await.unwrap();
    assert_eq!((further.outcome, host.serves().as_deref()), (Outcome::Succeeded, Some("v1")));
    let numbered = host.try_deploy(rollback(Some("3"))).await.unwrap();
    assert_eq!((numbered.outcome, host.serves().as_deref()), (Outcome::Succeeded, Some("v3")));
    let nowhere = host.try_deploy(rollback(Some("v7"))).await.unwrap_err();
    assert_eq!(nowhere.exit(), ExitCode::NotFound);
}

#[tokio::test]
async fn a_rollback_after_a_rollback_goes_further_back_and_never_to_what_was_abandoned() {
    let back = async |host: &Host, to: Option<&str>| host.try_deploy(rollback(to)).await;
    let serves = |host: &Host| host.serves().unwrap();
    let host = Host::three();
    for version in ["v1", "v2", "v3"] {
        host.deploy(version).await;
    }
    let ending = back(&host, None).await.unwrap();
    assert_eq!((serves(&host).as_str(), ending.back.unwrap().version.as_deref()), ("v2", Some("v1")));
    let ending = back(&host, None).await.unwrap();
    assert_eq!((serves(&host).as_str(), ending.back), ("v1", None));
    let nowhere = back(&host, None).await.unwrap_err();
    assert!(nowhere.to_string().contains("what was rolled back from is only deployed by name"), "{nowhere}");
    // By name, and then back to what is below it.
    back(&host, Some("v3")).await.unwrap();
    back(&host, None).await.unwrap();
    assert_eq!(serves(&host), "v2");
    // What is deployed after a rollback stands on what the rollback went back to.
    host.deploy("v4").await;
    host.deploy("v4").await;
    back(&host, None).await.unwrap();
    assert_eq!(serves(&host), "v2");
    // One that was deployed again, by choice, is on the line again.
    host.deploy("v1").await;
    back(&host, None).await.unwrap();
    assert_eq!(serves(&host), "v2");
    back(&host, None).await.unwrap();
    assert_eq!(serves(&host), "v1");
    assert!(back(&host, None).await.is_err(), "it comes to an end");
}

#[tokio::test]
async fn a_rollback_is_planned_first_and_then_executed_as_it_was_shown() {
    let host = Host::three();
    host.deploy("v1").await;
    host.deploy("v2").await;
    let planned = plan_only(&host.process(None), &kudos(), &rollback(None).target, &Stop::new()).await.unwrap();
    assert_eq!(planned.release.version, "v1");
    let text = serde_json::to_string(&planned.file()).unwrap();
    let mut wish = request("");
    wish.target = crate::Target::Planned(serde_json::from_str(&text).unwrap());
    let ending = host.try_deploy(wish).await.unwrap();
    assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::Succeeded, Some("v1")));
    assert_eq!(ending.state.asked.purpose, Purpose::Rollback);
    assert_eq!(ending.back, None, "it counts as a rollback");
}

#[tokio::test]
async fn releases_with_the_same_label_are_told_apart() {
    let host = Host::three();
    host.deploy("v1").await;
    let mut again = request("v1");
    if let crate::Target::Source(source) = &mut again.target {
        source.commit = Some("c0ffee1".to_owned());
    }
    let ending = host.try_deploy(again).await.unwrap();
    assert_eq!(ending.outcome, Outcome::Unchanged);
    assert!(ending.shared_labels.contains("v1"));
    let ending = host.deploy("v2").await;
    assert!(ending.shared_labels.contains("v1") && !ending.shared_labels.contains("v2"));
}

#[tokio::test]
async fn what_cannot_be_undone_is_stuck_until_a_person_answers() {
    let host = Host::three();
    host.deploy("v1").await;
    host.world().apply_faults.insert("web".to_owned(), Fault::always(When::Half));
    host.world().undo_faults.insert("backend".to_owned(), Fault::always(When::Before));
    let ending = host.deploy("v2").await;
    assert_eq!((ending.outcome, ending.exit()), (Outcome::Stuck, ExitCode::Stuck));
    let message = ending.state.failure.as_ref().unwrap().message.clone();
    assert!(message.contains("fails Half") && message.contains("undo fails Before"), "{message}");
    // `data` is needed by what could not be undone, so it stays too.
    assert_eq!(ending.state.left_behind, ["replace backend", "replace data"]);

    let blocked = host.try_deploy(request("v3")).await.unwrap_err();
    assert!(matches!(blocked, Error::Blocked { .. }));
    assert_eq!(blocked.exit(), ExitCode::Stuck);

    host.world().undo_faults.clear();
    let engine = host.process(None);
    let ending =
        resolve(&engine, &kudos(), &principal("someone"), "fixed", Resolution::RetryUndo, &Stop::new()).await.unwrap();
    assert_eq!(ending.unwrap().outcome, Outcome::RolledBack);
    assert_eq!(host.serves().as_deref(), Some("v1"));
    host.world().apply_faults.clear();
    assert_eq!(host.deploy("v3").await.outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_person_may_accept_what_is_there() {
    let host = Host::three();
    host.deploy("v1").await;
    host.world().apply_faults.insert("web".to_owned(), Fault::always(When::Half));
    host.world().undo_faults.insert("web".to_owned(), Fault::always(When::Before));
    assert_eq!(host.deploy("v2").await.outcome, Outcome::Stuck);
    let engine = host.process(None);
    let none =
        resolve(&engine, &kudos(), &principal("someone"), "by hand", Resolution::Accept, &Stop::new()).await.unwrap();
    assert!(none.is_none());
    host.world().apply_faults.clear();
    drop(engine);
    assert_eq!(host.deploy("v3").await.outcome, Outcome::Succeeded);
    assert!(host.process(None).journal.verify().unwrap().faults.is_empty());
}

#[tokio::test]
async fn a_failure_that_passes_is_tried_again() {
    let host = Host::three();
    let passing = Fault { when: When::Half, retryable: true, times: 2 };
    host.world().apply_faults.insert("backend".to_owned(), passing);
    assert_eq!(host.deploy("v1").await.outcome, Outcome::Succeeded);
    let passing = Fault { when: When::Half, retryable: true, times: 2 };
    host.world().undo_faults.insert("backend".to_owned(), passing);
    host.world().sick.insert("v2".to_owned());
    assert_eq!(host.deploy("v2").await.outcome, Outcome::RolledBack);
    assert_eq!(host.serves().as_deref(), Some("v1"));
}

#[tokio::test]
async fn the_first_wish_to_stop_puts_everything_back() {
    for step in ["data", "backend", "web"] {
        let host = Host::three();
        host.deploy("v1").await;
        let stop = Stop::new();
        host.world().stop_at = Some((step.to_owned(), stop.clone()));
        let ending = run(&host.process(None), request("v2"), &stop).await.unwrap();
        assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::RolledBack, Some("v1")), "{step}");
        assert_eq!(ending.state.failure.as_ref().unwrap().code, "cancelled");
        // The release is not blamed for the stop: it can be deployed again.
        host.world().stop_at = None;
        assert_eq!(host.deploy("v2").await.outcome, Outcome::Succeeded);
    }
}

#[tokio::test]
async fn the_second_wish_to_stop_leaves_it_open_until_it_is_resumed() {
    for onward in [Onward::Forward, Onward::Back] {
        let host = Host::three();
        host.deploy("v1").await;
        let stop = Stop::new();
        host.world().stop_at = Some(("backend".to_owned(), stop.clone()));
        host.world().stop_twice = true;
        let engine = host.process(None);
        let error = run(&engine, request("v2"), &stop).await.unwrap_err();
        assert!(matches!(error, Error::Interrupted { .. }), "{error}");
        assert_eq!(error.exit(), ExitCode::Interrupted);
        drop(engine);
        host.world().stop_at = None;
        let ending = resume(&host.process(None), &kudos(), &principal("tester"), onward, &Stop::new()).await.unwrap();
        // The process that resumes the deployment knows that it was asked to stop.
        assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::RolledBack, Some("v1")));
    }
}

#[tokio::test]
async fn a_second_process_is_told_who_holds_the_application_or_waits() {
    let host = Host::three();
    let engine = host.process(None);
    let held = crate::lock::hold(&engine, &kudos(), &principal("the other"), None, &Stop::new()).await.unwrap();
    let busy = host.try_deploy(request("v1")).await.unwrap_err();
    assert_eq!(busy.exit(), ExitCode::Busy);
    assert!(busy.to_string().contains("the other"), "{busy}");
    let mut patient = request("v1");
    patient.wait = Some(Duration::from_millis(5));
    assert_eq!(host.try_deploy(patient.clone()).await.unwrap_err().exit(), ExitCode::Busy);
    patient.wait = Some(Duration::from_mins(1));
    let (ending, ()) = tokio::join!(host.try_deploy(patient), async {
        tokio::task::yield_now().await;
        drop(held);
    });
    assert_eq!(ending.unwrap().outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_plan_is_executed_as_it_was_shown_or_refused_as_stale() {
    let host = Host::three();
    host.deploy("v1").await;
    let engine = host.process(None);
    let planned = plan_only(&engine, &kudos(), &request("v2").target, &Stop::new()).await.unwrap();
    let text = serde_json::to_string(&planned.file()).unwrap();
    let mut wish = request("");
    wish.target = crate::Target::Planned(serde_json::from_str(&text).unwrap());
    host.deploy("v3").await;
    let stale = host.try_deploy(wish.clone()).await.unwrap();
    assert_eq!((stale.outcome, stale.exit()), (Outcome::Refused, ExitCode::Stale));
    assert_eq!(host.serves().as_deref(), Some("v3"));
    host.deploy("v1").await;
    assert_eq!(host.try_deploy(wish).await.unwrap().outcome, Outcome::Succeeded);
    assert_eq!(host.serves().as_deref(), Some("v2"));
}

#[tokio::test]
async fn what_changes_behind_a_given_plan_is_noticed_before_the_first_step_and_named() {
    let host = Host::three();
    let engine = host.process(None);
    let mut wish = request("v1");
    let planned = plan_only(&engine, &kudos(), &wish.target, &Stop::new()).await.unwrap();
    wish.target = crate::Target::Planned(Box::new(planned.file()));
    host.world().restless = 1;
    let ending = host.try_deploy(wish).await.unwrap();
    assert_eq!(ending.exit(), ExitCode::Stale);
    let message = ending.state.failure.unwrap().message;
    assert_eq!(message, "the plan is out of date, because what runs has changed: clock is new");
    assert!(host.world().things.is_empty());
}

#[tokio::test]
async fn what_changes_while_it_is_planned_or_checked_is_planned_again_and_checked_again() {
    // It moves with each observation: the one before the plan, the one before the first step, those of the next plan.
    for (restless, planned) in [(1, 1), (2, 2), (3, 2), (5, 3)] {
        let host = Host::three();
        host.world().checks.insert("slow".to_owned(), vec![Ok(report(Verdict::Pass, "fine"))]);
        host.deploy("v1").await;
        host.world().restless = restless;
        let ending = host.deploy("v2").await;
        assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::Succeeded, Some("v2")), "{restless}");
        assert_eq!((ending.state.planned_times, ending.state.checks.len()), (planned, 2), "{restless}");
        assert!(host.process(None).journal.verify().unwrap().faults.is_empty());
    }
    // In the middle of planning, three times: it is planned once more before anything is written.
    let host = Host::three();
    host.world().restless = 3;
    host.world().plans_move = true;
    let ending = host.deploy("v1").await;
    assert_eq!((ending.outcome, ending.state.planned_times), (Outcome::Succeeded, 1));
    let host = Host::three();
    host.world().restless = u32::MAX;
    let ending = host.deploy("v1").await;
    assert_eq!((ending.outcome, ending.exit()), (Outcome::Refused, ExitCode::Stale));
    let message = ending.state.failure.unwrap().message;
    assert!(message.starts_with("what runs changed each of the 3 times that it was planned"), "{message}");
    assert!(message.contains("clock"), "{message}");
    assert!(host.world().things.is_empty());
}

#[tokio::test]
async fn a_failing_sweep_is_a_warning() {
    let host = Host::three();
    host.world().sweep_fails = true;
    let ending = host.deploy("v1").await;
    assert_eq!(ending.outcome, Outcome::Succeeded);
    assert_eq!(ending.warnings.len(), 3);
}

#[tokio::test]
async fn the_old_version_ends_all_at_once_before_recorders_are_told() {
    let services: Vec<String> = (0..12).map(|number| format!("s{number}")).collect();
    let services: Vec<(&str, &[&str])> = services.iter().map(|name| (name.as_str(), &[][..])).collect();
    let host = Host::new(&services);
    host.deploy("v1").await;
    host.world().calls.clear();
    assert_eq!(host.deploy("v2").await.outcome, Outcome::Succeeded);
    let world = host.world();
    assert_eq!((world.most_running, world.most_swept), (3, 12));
    let last = |ending: &str| world.calls.iter().rposition(|call| call.ends_with(ending)).unwrap();
    let first = |ending: &str| world.calls.iter().position(|call| call.ends_with(ending)).unwrap();
    // Nothing old ends before all that is new is there, and what is recorded is what runs.
    assert!(last("apply s11") < first(":end") && last(":end") < first(":sweep"), "{:?}", world.calls);
    assert_eq!(world.calls_when_told, world.calls.len());
}

#[tokio::test]
async fn smoke_tests_wait_for_the_old_version_unless_it_does_not_heed_that_it_should_end() {
    for (takes, patience, still_there) in [(0, None, 0), (20, None, 0), (2_000, Some(1), 3)] {
        let host = Host::three();
        host.world().smoke.insert("page".to_owned(), vec![Ok(report(Verdict::Pass, "it answers"))]);
        host.deploy("v1").await;
        host.world().end_takes = Duration::from_millis(takes);
        host.world().patience_with_old = patience.map(Duration::from_millis);
        assert_eq!(host.deploy("v2").await.outcome, Outcome::Succeeded);
        let world = host.world();
        assert_eq!((world.running_when_smoked, world.running), (still_there, 0), "{takes} ms");
    }
}

#[tokio::test]
async fn what_does_not_end_is_a_warning_and_goes_back_with_the_rest() {
    let host = Host::three();
    host.deploy("v1").await;
    host.world().apply_faults.insert("backend:end".to_owned(), Fault::always(When::Before));
    let ending = host.deploy("v2").await;
    assert_eq!((ending.outcome, ending.warnings.len()), (Outcome::Succeeded, 1));
    host.world().sick.insert("v3".to_owned());
    let ending = host.deploy("v3").await;
    assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::RolledBack, Some("v2")));
    // The version itself is to blame, which was not well, and not what did not end.
    assert!(ending.state.release_is_to_blame());
}

#[tokio::test]
async fn the_first_wish_to_stop_after_success_changes_nothing() {
    let host = Host::three();
    host.deploy("v1").await;
    let stop = Stop::new();
    host.world().stop_at = Some(("data:sweep".to_owned(), stop.clone()));
    let ending = run(&host.process(None), request("v2"), &stop).await.unwrap();
    assert_eq!((ending.outcome, ending.state.cancelled), (Outcome::Succeeded, None));
    assert!(ending.warnings.is_empty(), "{:?}", ending.warnings);
    assert_eq!(host.world().calls.iter().filter(|call| call.ends_with(":sweep")).count(), 6);
}

#[tokio::test]
async fn the_second_wish_to_stop_after_success_leaves_the_rest_to_whoever_resumes() {
    let host = Host::three();
    host.deploy("v1").await;
    let stop = Stop::new();
    host.world().stop_at = Some(("data:sweep".to_owned(), stop.clone()));
    host.world().stop_twice = true;
    let error = run(&host.process(None), request("v2"), &stop).await.unwrap_err();
    assert!(error.to_string().contains("succeeded, and was left open"), "{error}");
    assert_eq!(error.exit(), ExitCode::Interrupted);
    host.world().stop_at = None;
    let ending =
        resume(&host.process(None), &kudos(), &principal("tester"), Onward::Forward, &Stop::new()).await.unwrap();
    assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::Succeeded, Some("v2")));
    assert_eq!(ending.state.cancelled, None);
}

#[tokio::test]
async fn what_takes_too_long_is_put_back() {
    let host = Host::three();
    host.deploy("v1").await;
    host.world().deadline = Some(Duration::from_millis(50));
    host.world().hangs = Some("backend".to_owned());
    // It does what it was told once it is told to stop: too late.
    host.world().apply_faults.insert("backend".to_owned(), Fault::always(When::Half));
    let ending = host.deploy("v2").await;
    assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::RolledBack, Some("v1")));
    assert!(ending.state.failure.unwrap().message.contains("deadline"));
}

#[tokio::test]
async fn a_directory_is_one_whatever_it_is_called() {
    for name in ["plan", "release:kudos", "./plan"] {
        let host = Host::three();
        let mut from = request("v1");
        let Target::Source(source) = from.target else { unreachable!() };
        from.target = Target::Source(Source { directory: name.into(), ..source });
        let ending = host.try_deploy(from).await.unwrap();
        assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::Succeeded, Some("v1")), "{name}");
        let asked = ending.state.asked;
        assert_eq!((asked.origin(), asked.is_given_plan()), (Origin::Directory, false), "{name}");
        assert_eq!(asked.directory(), Some(&*std::path::absolute(name).unwrap()));
    }
}

#[tokio::test]
async fn nobody_goes_on_from_a_directory_whose_place_is_not_known() {
    let host = Host::three();
    let ending = host.deploy("v1").await;
    let mut asked = ending.state.asked;
    "kudos".clone_into(&mut asked.source);
    asked.origin = None;
    let owner = ending.state.owner;
    let opened = |number| Event::Opened {
        number,
        instance: kudos(),
        environment: "uat".to_owned(),
        asked,
        owner,
        previous: Some(ending.state.id),
    };
    host.process(None).journal.begin("older", opened).unwrap();
    let ending =
        resume(&host.process(None), &kudos(), &principal("tester"), Onward::Forward, &Stop::new()).await.unwrap();
    assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::Refused, Some("v1")));
    let failure = ending.state.failure.clone().unwrap();
    assert!(failure.message.contains("the directory `kudos`, and not from where"), "{}", failure.message);
    assert_eq!(ending.hint().as_deref(), Some("deploy again, from the directory that you mean"));
}

#[tokio::test]
async fn a_plan_with_a_step_of_an_unknown_owner_is_refused_before_anything_is_touched() {
    let host = Host::three();
    host.world().owner = Some("strategy".to_owned());
    assert_eq!(host.deploy("v1").await.outcome, Outcome::Succeeded);
    host.world().calls.clear();
    host.world().owner = Some("router".to_owned());
    let ending = host.deploy("v2").await;
    assert_eq!(ending.outcome, Outcome::Refused);
    assert_eq!(
        ending.state.failure.unwrap().message,
        "the strategy's plan is refused: the step `data` has the owner `router`, which this agent does not know; steps \
         belong to the `strategy`"
    );
    assert!(host.world().calls.is_empty());
}
