//! What runs now, for people and for the staleness of plans.
//!
//! Restarts and times need a question for each container; for plans of large applications they are left out.

use serde_json::Value;
use windlass_domain::{OBSERVATION_FORMAT, Observation, Part};

use crate::state::{Container, State};
use crate::{json, labels, reach};

/// The observation of a state. Containers that were not inspected are told with what the list says.
pub(crate) fn observation(state: &State) -> Observation {
    Observation {
        format: OBSERVATION_FORMAT,
        fingerprint: state.fingerprint(),
        parts: state.containers.iter().map(|container| part(state, container)).collect(),
        basis: state.basis(),
    }
}

fn part(state: &State, container: &Container) -> Part {
    let empty = Value::Null;
    let inspect = container.inspect.as_ref().unwrap_or(&empty);
    let label = |key: &str| container.labels.get(key).filter(|value| !value.is_empty()).cloned();
    let lack = reach::lack(inspect, &[], &|name| state.networks.get(name).cloned());
    let since = if container.is_running() { "/State/StartedAt" } else { "/State/FinishedAt" };
    Part {
        service: container.service.clone(),
        instance: container.name.clone(),
        release: label(labels::RELEASE),
        version: label(labels::RELEASE_VERSION),
        reference: label(labels::REFERENCE).or_else(|| Some(container.image_id.clone())),
        state: container.state.clone(),
        health: json::text(inspect, "/State/Health/Status")
            .filter(|health| health != "none")
            .or_else(|| container.health.clone()),
        restarts: u64::try_from(json::number(inspect, "/RestartCount")).unwrap_or_default(),
        since: json::text(inspect, since).filter(|time| !time.starts_with("0001-")),
        trouble: (!lack.is_nothing()).then(|| format!("it runs, but {lack}")),
        finished: container.exit_code() == Some(0) && is_job(state, &container.service),
    }
}

/// Whether others wait for a service to end, as the labels of their containers say.
fn is_job(state: &State, service: &str) -> bool {
    let waits = format!("{service}:service_completed_successfully");
    let says = |text: &String| text.split(',').any(|one| one.starts_with(&waits));
    state.containers.iter().any(|container| container.labels.get(labels::DEPENDS_ON).is_some_and(says))
}
