//! The tables, by walking everything that they allow.

use std::collections::BTreeSet;

use windlass_domain::{Failure, Outcome};

use super::{actor, opened, planned, release, settled, step};
use crate::format::{Decision, Event, ProbeResult, Resolution};
use crate::transition::{Status, StepEvent, StepStatus, next, next_step};

fn failure() -> Failure {
    Failure { code: "test".to_owned(), message: "no".to_owned(), retryable: false, details: None }
}

/// One of each kind, all outcomes and all resolutions.
fn events() -> Vec<Event> {
    let id = || "a".to_owned();
    let answer = || ProbeResult::Failure(failure());
    let owner = || match opened(1, "kudos") {
        Event::Opened { owner, .. } => owner,
        _ => unreachable!(),
    };
    let answered = |resolution| Event::Answered { actor: actor("ada"), reason: id(), resolution };
    let mut events = vec![
        opened(1, "kudos"),
        Event::Resumed { owner: owner() },
        Event::Cancelled { by: id() },
        Event::Resolved { release: release("v1") },
        planned(),
        Event::Checked { name: id(), answer: answer(), decision: Decision::Passed },
        Event::Applying,
        step("a"),
        Event::StepSucceeded { step: id(), output: serde_json::Value::Null },
        Event::StepFailed { step: id(), failure: failure() },
        Event::Verifying,
        Event::Proved { name: id(), answer: answer(), decision: Decision::Passed },
        Event::Unwinding { cause: failure() },
        Event::UndoStarted { step: id(), attempt: 1 },
        Event::UndoSucceeded { step: id() },
        Event::UndoFailed { step: id(), failure: failure() },
        Event::Restored { answer: answer() },
        Event::Closed,
        answered(Resolution::Accept),
        answered(Resolution::RetryUndo),
    ];
    for outcome in [Outcome::Succeeded, Outcome::Unchanged, Outcome::Refused, Outcome::RolledBack, Outcome::Stuck] {
        events.push(settled(outcome));
    }
    events
}

#[test]
fn a_deployment_can_reach_every_end_and_no_end_can_be_left() {
    let mut seen = BTreeSet::new();
    let mut ends = BTreeSet::new();
    let mut waiting = vec![Status::Resolving];
    while let Some(status) = waiting.pop() {
        if !seen.insert(format!("{status:?}")) {
            continue;
        }
        let mut moves = 0;
        for event in events() {
            if let Ok(after) = next(Some(status), &event) {
                moves += 1;
                waiting.push(after);
            }
        }
        match status {
            Status::Closed(outcome) => {
                assert_eq!(moves, 0, "nothing follows on the end");
                ends.insert(format!("{outcome:?}"));
            }
            Status::Stuck => assert_eq!(moves, 2, "only a person's answers"),
            _ => assert!(moves > 0 && status.is_open()),
        }
    }
    assert_eq!(ends.len(), 5, "{ends:?}");
}

#[test]
fn nothing_is_touched_before_it_is_announced() {
    for status in [Status::Resolving, Status::Planning, Status::Checking, Status::Unwinding] {
        assert!(next(Some(status), &step("a")).is_err(), "{status:?}");
    }
    for outcome in [Outcome::Refused, Outcome::Unchanged] {
        for status in [Status::Applying, Status::Verifying, Status::Unwinding] {
            assert!(next(Some(status), &settled(outcome)).is_err(), "{outcome:?} says that nothing was touched");
        }
    }
    assert!(next(Some(Status::Applying), &settled(Outcome::Succeeded)).is_err(), "not without a proof");
}

#[test]
fn every_started_step_can_be_undone_and_run_again_after_a_crash() {
    for status in [StepStatus::Running, StepStatus::Done, StepStatus::Failed, StepStatus::UndoFailed] {
        assert_eq!(next_step("a", status, StepEvent::UndoStarted).unwrap(), StepStatus::Undoing);
    }
    assert_eq!(next_step("a", StepStatus::Running, StepEvent::Started).unwrap(), StepStatus::Running);
    assert_eq!(next_step("a", StepStatus::Undoing, StepEvent::UndoStarted).unwrap(), StepStatus::Undoing);
    let error = next_step("a", StepStatus::Undone, StepEvent::Started).unwrap_err();
    assert_eq!(error.to_string(), "`step-started` cannot happen to the step `a` that is undone");
}

#[test]
fn every_event_survives_being_stored() {
    for event in events() {
        let stored = serde_json::to_value(&event).unwrap();
        assert_eq!(stored["kind"], event.kind());
        assert_eq!(serde_json::from_value::<Event>(stored).unwrap(), event);
    }
}
