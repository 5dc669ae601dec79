//! What the containers' states mean. Knows neither the engine nor the time.

use std::collections::BTreeMap;

use windlass_sdk::prelude::*;

use crate::member::{Member, Place};

/// What was seen of a container at first; nothing of it may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    restarts: u64,
    started: String,
}

/// Everything as it was seen at first, by container.
pub(crate) type Baseline = BTreeMap<String, Seen>;

/// How one service fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// It runs and is healthy, or did its work.
    Well(String),
    /// Not yet.
    Starting(String),
    /// It will not become well.
    Broken(String),
}

/// How each container fares, in the order given, and services that have none.
pub(crate) fn judge(
    members: &[Member],
    expected: &[Place],
    deployment: &str,
    baseline: &mut Baseline,
) -> Vec<(String, Option<Member>, State)> {
    let mut states: Vec<(String, Option<Member>, State)> = members
        .iter()
        .map(|member| (member.name.clone(), Some(member.clone()), one(member, deployment, baseline)))
        .collect();
    for place in expected {
        if !members.iter().any(|member| place.is_of(member)) {
            states.push((place.to_string(), None, State::Starting("has no container".to_owned())));
        }
    }
    states
}

fn one(member: &Member, deployment: &str, baseline: &mut Baseline) -> State {
    if member.is_done() {
        return State::Well("did its work and ended".to_owned());
    }
    // A container that was never started has no restart to compare with.
    if member.state == "created" {
        return State::Starting("is not started".to_owned());
    }
    let is_new = member.deployment.as_deref() == Some(deployment);
    let seen = baseline.entry(member.id.clone()).or_insert_with(|| Seen {
        restarts: if is_new { 0 } else { member.restarts },
        started: member.started.clone(),
    });
    match member.state.as_str() {
        "restarting" => State::Broken(format!("is restarted again and again (exit code {})", member.exit_code)),
        "exited" | "dead" => State::Broken(format!("ended with exit code {}", member.exit_code)),
        "paused" => State::Broken("is paused".to_owned()),
        "running" if member.restarts > seen.restarts => {
            let count = member.restarts - seen.restarts;
            State::Broken(format!("was restarted {count} time{}", if count == 1 { "" } else { "s" }))
        }
        "running" if member.started != seen.started => State::Broken("was started again in the meantime".to_owned()),
        "running" => match member.health.as_deref() {
            None => State::Well("runs; it has no health check".to_owned()),
            Some("healthy") => State::Well("runs and is healthy".to_owned()),
            Some("starting") => State::Starting("is not healthy yet".to_owned()),
            Some(other) => {
                let output = member.health_output.as_deref().map(shorten).unwrap_or_default();
                State::Broken(format!("is {other}{output}"))
            }
        },
        other => State::Starting(format!("is {other}")),
    }
}

fn shorten(output: &str) -> String {
    let line: String = output.lines().next().unwrap_or_default().chars().take(200).collect();
    if line.is_empty() { line } else { format!(": {line}") }
}

/// Whether an event of the engine can change an answer; health checks make many that cannot.
pub(crate) fn matters(event: &Value) -> bool {
    if event.get("Type").and_then(Value::as_str) == Some("windlass") {
        return true;
    }
    let action = event.get("Action").or_else(|| event.get("status")).and_then(Value::as_str).unwrap_or_default();
    let word = action.split(':').next().unwrap_or_default();
    ["create", "start", "restart", "die", "oom", "stop", "kill", "pause", "unpause", "destroy", "rename"]
        .contains(&word)
        || word == "health_status"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::tests::member;

    fn state(member: &Member, baseline: &mut Baseline) -> State {
        judge(std::slice::from_ref(member), &[], "deployment-of-r1", baseline).remove(0).2
    }

    fn broken(member: &Member) -> String {
        match state(member, &mut Baseline::new()) {
            State::Broken(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn healthy_starting_and_broken_are_told_apart() {
        let well = member("web", "r1");
        assert!(matches!(state(&well, &mut Baseline::new()), State::Well(_)));
        let starting = Member { health: Some("starting".to_owned()), ..well.clone() };
        assert!(matches!(state(&starting, &mut Baseline::new()), State::Starting(_)));
        let unhealthy = Member { health: Some("unhealthy".to_owned()), ..well.clone() };
        assert_eq!(broken(&unhealthy), "is unhealthy: fine");
        let ended = Member { state: "exited".to_owned(), exit_code: 137, ..well.clone() };
        assert_eq!(broken(&ended), "ended with exit code 137");
        assert_eq!(broken(&Member { restarts: 2, ..well }), "was restarted 2 times");
    }

    #[test]
    fn restarts_from_before_the_deployment_are_forgiven_and_new_ones_are_not() {
        let kept = Member { restarts: 7, ..member("db", "r0") };
        let mut baseline = Baseline::new();
        assert!(matches!(state(&kept, &mut baseline), State::Well(_)));
        let again = Member { restarts: 8, ..kept.clone() };
        assert!(matches!(state(&again, &mut baseline), State::Broken(_)));
        let by_hand = Member { started: "2026-01-02T00:00:00Z".to_owned(), ..kept };
        assert!(matches!(state(&by_hand, &mut baseline), State::Broken(_)));
    }

    #[test]
    fn a_migration_that_ended_well_is_well() {
        let done = Member { state: "exited".to_owned(), is_restarted: false, ..member("migrate", "r1") };
        assert!(matches!(state(&done, &mut Baseline::new()), State::Well(_)));
        assert_eq!(broken(&Member { exit_code: 1, ..done }), "ended with exit code 1");
    }

    #[test]
    fn a_service_without_a_container_is_missed() {
        let states = judge(&[], &[Place::service("web")], "d", &mut Baseline::new());
        assert_eq!(states[0].2, State::Starting("has no container".to_owned()));
    }

    #[test]
    fn only_events_that_can_change_an_answer_are_looked_at() {
        assert!(matters(&json!({ "Action": "health_status: unhealthy" })));
        assert!(matters(&json!({ "Type": "windlass", "Action": "reconnected" })));
        assert!(!matters(&json!({ "Action": "exec_start: /bin/health" })));
    }
}
