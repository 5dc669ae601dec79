//! Loops over every step and every line of the journal.
//!
//! After each: exactly the old or exactly the new version serves, the history says which, and the chain holds.

use windlass_domain::Outcome;
use windlass_journal::testing::is_broken;

use super::yard::{Fault, Host, When, kudos, principal, request};
use crate::{Onward, Stop, resume, run};

const STEPS: [&str; 3] = ["data", "backend", "web"];

fn truth(host: &Host, what: &str) {
    let journal = host.process(None).journal;
    let serves = host.serves();
    let running = journal.running(&kudos()).unwrap().map(|running| running.release.version.clone());
    assert_eq!(serves, running, "{what}: what serves is what the journal says");
    let faults = journal.verify().unwrap().faults;
    assert!(faults.is_empty(), "{what}: {faults:?}");
    assert!(journal.open_deployments(None).unwrap().is_empty(), "{what}: nothing is open");
}

#[tokio::test]
async fn fail_at_every_step_at_every_point() {
    for repeat in [false, true] {
        for first in [true, false] {
            for step in STEPS {
                for when in [When::Before, When::Half, When::After] {
                    let what = format!("{step} {when:?}, first {first}, undone twice {repeat}");
                    let mut host = Host::three();
                    host.repeat = repeat;
                    if !first {
                        host.deploy("v1").await;
                    }
                    host.world().apply_faults.insert(step.to_owned(), Fault::always(when));
                    let ending = host.deploy("v2").await;
                    assert_eq!(ending.outcome, Outcome::RolledBack, "{what}");
                    if first {
                        assert!(host.world().things.is_empty(), "{what}: nothing is left over");
                    } else {
                        assert_eq!(host.serves().as_deref(), Some("v1"), "{what}");
                        truth(&host, &what);
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn everything_twice() {
    let mut host = Host::three();
    host.repeat = true;
    for version in ["v1", "v2"] {
        assert_eq!(host.deploy(version).await.outcome, Outcome::Succeeded);
        assert_eq!(host.serves().as_deref(), Some(version));
    }
    truth(&host, "everything twice");
}

/// What goes wrong besides the end of the process.
#[derive(Debug, Clone, Copy)]
enum Story {
    Good,
    StepFails(&'static str),
    Sick,
    Unchanged,
}

fn set_up(host: &Host, story: Story) {
    match story {
        Story::Good | Story::Unchanged => {}
        Story::StepFails(step) => {
            host.world().apply_faults.insert(step.to_owned(), Fault::always(When::Half));
        }
        Story::Sick => {
            host.world().sick.insert("v2".to_owned());
        }
    }
}

fn wished(story: Story) -> &'static str {
    if matches!(story, Story::Unchanged) { "v1" } else { "v2" }
}

/// Ends a process at every line of a story, and goes on in another one, `how` that is.
async fn end_at_every_line(story: Story, again: Again) -> usize {
    let mut lines = 0;
    for line in 1.. {
        let mut reached = false;
        for side in ["before", "after"] {
            let what = format!("{story:?}, {again:?}, {side} line {line}");
            let host = Host::three();
            host.deploy("v1").await;
            set_up(&host, story);
            let engine = host.process(Some(&format!("{side}:{line}")));
            let ended = run(&engine, request(wished(story)), &Stop::new()).await;
            let broke = is_broken(&engine.journal);
            drop(engine);
            if !broke {
                continue;
            }
            reached = true;
            assert!(ended.is_err() || side == "after", "{what}");
            go_on(&host, again, &what).await;
            truth(&host, &what);
            told_once_and_in_order(&host, &what);
        }
        if !reached {
            break;
        }
        lines = line;
    }
    lines
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    Forward,
    Back,
    /// The process that goes on ends at its every line as well.
    Interrupted,
    NextDeployment,
}

async fn go_on(host: &Host, again: Again, what: &str) {
    let is_open = || !host.process(None).journal.open_deployments(None).unwrap().is_empty();
    match again {
        Again::NextDeployment => {
            host.world().apply_faults.clear();
            let ending = host.deploy("v3").await;
            assert_eq!((ending.outcome, host.serves().as_deref()), (Outcome::Succeeded, Some("v3")), "{what}");
        }
        Again::Forward | Again::Back => {
            if is_open() {
                let onward = if again == Again::Back { Onward::Back } else { Onward::Forward };
                let engine = host.process(None);
                resume(&engine, &kudos(), &principal("tester"), onward, &Stop::new()).await.unwrap();
            }
        }
        Again::Interrupted => {
            let mut processes = 0;
            while is_open() {
                // Each process writes its own name, an intent and what came of it; three steps may be announced at once,
                // and while the old version ends, a proof as well.
                let engine = host.process(Some("after:6"));
                let _ = resume(&engine, &kudos(), &principal("tester"), Onward::Forward, &Stop::new()).await;
                processes += 1;
                assert!(processes < 100, "{what}: no progress");
            }
        }
    }
}

/// At least once, the same key each time, never out of order.
fn told_once_and_in_order(host: &Host, what: &str) {
    let sequences: Vec<u64> = host.world().told.iter().map(|(_, event)| event.sequence).collect();
    assert!(sequences.is_sorted(), "{what}: {sequences:?}");
}

#[tokio::test]
async fn end_at_every_line_and_go_on() {
    for story in [Story::Good, Story::StepFails("data"), Story::StepFails("web"), Story::Sick, Story::Unchanged] {
        let lines = end_at_every_line(story, Again::Forward).await;
        assert!(lines >= 4, "{story:?} has only {lines} lines");
    }
}

#[tokio::test]
async fn end_at_every_line_and_go_back() {
    for story in [Story::Good, Story::StepFails("web"), Story::Sick] {
        end_at_every_line(story, Again::Back).await;
    }
}

#[tokio::test]
async fn end_at_every_line_again_and_again() {
    for story in [Story::Good, Story::StepFails("web"), Story::Sick] {
        end_at_every_line(story, Again::Interrupted).await;
    }
}

#[tokio::test]
async fn end_at_every_line_and_deploy_something_else() {
    for story in [Story::Good, Story::StepFails("web"), Story::Sick] {
        end_at_every_line(story, Again::NextDeployment).await;
    }
}
