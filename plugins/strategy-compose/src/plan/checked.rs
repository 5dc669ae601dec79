//! `condition: service_healthy` needs a health check: without one nothing ever says that the service is healthy.
//!
//! The check is the file's or the image's own. Where the image is not on the host yet, the step that waits says it.

use std::collections::BTreeMap;

use serde_json::Value;
use windlass_compose::Condition;

use super::{Draft, Obstacles};
use crate::desired::{Desired, DesiredService};
use crate::state::State;

/// Whether a service has a health check.
enum Check {
    /// Its own, or its image's.
    Has,
    /// None.
    No,
    /// It has one, and the file switches it off.
    Off,
    /// Its image says it, and is not here.
    Unsure,
}

/// Refuses a service that waits for another one to be healthy when that one has no health check. A release that ran
/// here gets only a warning, because its files cannot be corrected any more.
pub(super) fn add(desired: &Desired, state: &State, draft: &mut Draft) -> Result<(), Obstacles> {
    let mut obstacles = Vec::new();
    for (waiting, other) in waits(desired) {
        let off = match check(other, state) {
            Check::Has | Check::Unsure => continue,
            Check::No => false,
            Check::Off => true,
        };
        let (message, hint) = words(&waiting.service.name, &other.service.name, off);
        if desired.standing.has_run() {
            draft.plan.warnings.push(format!("{message}; that it runs is taken for healthy"));
        } else {
            obstacles.push((message, hint));
        }
    }
    obstacles.dedup();
    if obstacles.is_empty() { Ok(()) } else { Err(Obstacles(obstacles)) }
}

/// Services of which it is not known yet whether they have a health check, each with one that waits for it.
pub(super) fn unsure(desired: &Desired, state: &State) -> BTreeMap<String, String> {
    if desired.standing.has_run() {
        return BTreeMap::new();
    }
    waits(desired)
        .filter(|(_, other)| matches!(check(other, state), Check::Unsure))
        .map(|(waiting, other)| (other.service.name.clone(), waiting.service.name.clone()))
        .collect()
}

/// What is said where `waiting` waits until `other` is healthy, and that has no check; with what to do.
pub(crate) fn lacks_health_check(waiting: &str, other: &str) -> (String, String) {
    words(waiting, other, false)
}

fn words(waiting: &str, other: &str, off: bool) -> (String, String) {
    let why = if off {
        "whose health check is switched off"
    } else {
        "which has no health check: neither the Compose file nor the image gives one"
    };
    (
        format!("service {waiting} waits until {other} is healthy (`condition: service_healthy`), {why}"),
        format!(
            "give `services.{other}` a `healthcheck`, or write `condition: service_started` in \
             `services.{waiting}.depends_on.{other}`"
        ),
    )
}

/// Who waits for the health of whom; the first container of each service stands for all.
fn waits(desired: &Desired) -> impl Iterator<Item = (&DesiredService, &DesiredService)> {
    desired.services.values().filter(|service| service.key == service.service.name).flat_map(move |waiting| {
        let healthy = waiting.service.depends_on.iter().filter(|(_, one)| one.condition == Condition::Healthy);
        healthy.filter_map(move |(name, _)| Some((waiting, desired.services.get(name)?)))
    })
}

fn check(service: &DesiredService, state: &State) -> Check {
    let own = service.service.healthcheck.as_ref();
    if own.is_some_and(windlass_compose::Healthcheck::is_disabled) {
        return Check::Off;
    }
    if own.is_some_and(|own| own.test.as_ref().is_some_and(|test| !test.is_empty())) {
        return Check::Has;
    }
    let Some(image) = state.images.get(&service.image.reference).and_then(Option::as_ref) else { return Check::Unsure };
    let test = image.config.pointer("/Healthcheck/Test").and_then(Value::as_array);
    match test.and_then(|test| test.first()).and_then(Value::as_str) {
        None | Some("NONE" | "") => Check::No,
        Some(_) => Check::Has,
    }
}
