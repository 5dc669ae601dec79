//! Tests of the journal: the chain, formats, full disks, two processes, and histories that are long.

mod chain;
mod disk;
mod found;
mod instances;
mod log;
mod stored;
mod transitions;
mod upgrades;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use windlass_domain::{Failure, Outcome, Plan, Release};
use windlass_foundation::clock::SteppingClock;
use windlass_foundation::names::Instance;
use windlass_foundation::principal::{Principal, Proof};
use windlass_foundation::redact::Redactor;

use super::{Actor, Asked, DeploymentState, Event, Journal, Mode, Owner, Purpose, WithLine};

fn open(directory: &Path) -> Journal {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    Journal::open(directory, Mode::Write, Arc::new(SteppingClock::new(start)), Redactor::new()).unwrap()
}

fn opened(number: u64, application: &str) -> Event {
    Event::Opened {
        number,
        instance: instance(application),
        environment: "uat".to_owned(),
        asked: Asked {
            purpose: Purpose::Deploy,
            source: "/release".to_owned(),
            origin: None,
            set: BTreeMap::new(),
            commit: None,
            defaults: false,
            reason: None,
            break_glass: None,
            retry: false,
            of: None,
            unbound: None,
        },
        owner: Owner { actor: actor("tester"), pid: 1, boot: "b".to_owned(), agent: "0".to_owned() },
        previous: None,
    }
}

fn instance(text: &str) -> Instance {
    Instance::parse(text).unwrap()
}

/// One whom the kernel proved.
fn principal(name: &str) -> Principal {
    Principal::new(name, Proof::LocalUser { uid: 1000 })
}

fn actor(name: &str) -> Actor {
    (&principal(name)).into()
}

fn release(version: &str) -> Release {
    Release {
        format: 1,
        id: format!("sha256:{version}"),
        application: "kudos".to_owned(),
        version: version.to_owned(),
        commit: None,
        artifacts: BTreeMap::new(),
        inputs: BTreeMap::new(),
        bundle: windlass_domain::Bundle { digest: String::new(), files: BTreeMap::new(), programs: None },
        migration: None,
    }
}

fn planned() -> Event {
    let plan = Plan {
        format: 1,
        fingerprint: "f".to_owned(),
        changes: Vec::new(),
        steps: Vec::new(),
        warnings: Vec::new(),
        way_back: Vec::new(),
    };
    let observation = windlass_domain::Observation {
        format: 1,
        fingerprint: "f".to_owned(),
        parts: Vec::new(),
        basis: std::collections::BTreeMap::new(),
    };
    Event::Planned { observation, plan }
}

fn step(step: &str) -> Event {
    Event::StepStarted { step: step.to_owned(), attempt: 1 }
}

fn settled(outcome: Outcome) -> Event {
    Event::Settled {
        outcome,
        failure: None,
        left_behind: Vec::new(),
        blames_release: None,
        observation: None,
        kept: false,
    }
}

/// A whole deployment, ten lines.
fn deploy(journal: &Journal, id: &str, application: &str, version: &str) -> DeploymentState {
    let mut state = journal.begin(id, |number| opened(number, application)).unwrap();
    let done = Event::StepSucceeded { step: "a".to_owned(), output: serde_json::json!({}) };
    let events = [
        Event::Resolved { release: release(version) },
        planned(),
        Event::Applying,
        step("a"),
        done,
        Event::Verifying,
        settled(Outcome::Succeeded),
        Event::Closed,
    ];
    for event in events {
        journal.append(&mut state, &event, &WithLine::default()).unwrap();
    }
    state
}

/// A deployment that fails and whose earlier version is put back, ten lines.
fn fail(journal: &Journal, id: &str, application: &str, version: &str, failure: Failure) -> DeploymentState {
    let mut state = journal.begin(id, |number| opened(number, application)).unwrap();
    let events = [
        Event::Resolved { release: release(version) },
        planned(),
        Event::Applying,
        step("a"),
        Event::StepFailed { step: "a".to_owned(), failure: failure.clone() },
        Event::Unwinding { cause: failure.clone() },
        Event::UndoStarted { step: "a".to_owned(), attempt: 1 },
        Event::UndoSucceeded { step: "a".to_owned() },
        Event::Settled {
            outcome: Outcome::RolledBack,
            failure: Some(failure),
            left_behind: Vec::new(),
            blames_release: None,
            observation: None,
            kept: false,
        },
        Event::Closed,
    ];
    for event in events {
        journal.append(&mut state, &event, &WithLine::default()).unwrap();
    }
    state
}

#[test]
fn an_event_is_remembered_for_its_window_and_no_longer() {
    use std::time::Duration;
    let directory = tempfile::tempdir().unwrap();
    let open = |time: &str| {
        let clock = Arc::new(windlass_foundation::clock::SteppingClock::new(time.parse().unwrap()));
        Journal::open(directory.path(), Mode::Write, clock, Redactor::new()).unwrap()
    };
    let hour = Duration::from_hours(1);
    let noted = |time: &str, window: Duration| open(time).trigger("staging", "sha256:a", window).unwrap().is_some();
    assert!(!noted("2026-01-01T10:00:00Z", hour));
    assert!(noted("2026-01-01T10:59:00Z", hour), "the same event, sent again");
    assert!(!noted("2026-01-01T11:01:00Z", hour), "the same words an hour later are another event");
    assert!(noted("2026-01-01T11:30:00Z", hour), "which is remembered from then on");
    assert!(noted("2026-01-01T11:00:00Z", hour), "a clock that was set back forgets nothing");
    assert!(!noted("2025-01-01T11:00:00Z", hour), "and one that was ahead remembers nothing for ever");
    assert!(open("2026-01-01T10:00:01Z").trigger("other", "sha256:a", hour).unwrap().is_none());
    // What no trigger could remember any more is gone.
    assert!(!noted("2028-01-01T10:00:00Z", hour));
    assert!(!noted("2026-01-01T10:00:00Z", hour));
}
