//! What happens to each service, and why.

use std::collections::BTreeMap;

use windlass_domain::{Action, Change, Difference};

use super::data::Carried;
use super::together;
use crate::compare;
use crate::desired::{Desired, DesiredService, Manner, Standing};
use crate::gather::MANY;
use crate::labels;
use crate::reach::{self, Lack};
use crate::state::{Container, State};

/// What happens to a service.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    pub(crate) action: Action,
    pub(crate) cause: String,
    pub(crate) manner: Option<Manner>,
    pub(crate) differences: Vec<Difference>,
    /// Whether all that it needs is to be connected.
    pub(crate) reconnects: bool,
    /// The container that is as it should be.
    pub(crate) kept: Option<Container>,
    /// Containers of the service that give way, running or not.
    pub(crate) leaving: Vec<Container>,
    /// What the new container takes over.
    pub(crate) carried: Carried,
}

impl Decision {
    /// What gives way and runs.
    pub(crate) fn running(&self) -> Vec<Container> {
        self.leaving.iter().filter(|old| old.is_running()).cloned().collect()
    }
}

/// Containers that a decision needs to look into: all but those that are surely as they should be.
pub(crate) fn needs_inspection<'a>(desired: &'a Desired, state: &'a State) -> impl Iterator<Item = &'a str> {
    let is_large = state.containers.len() > MANY;
    state.containers.iter().filter_map(move |container| {
        let surely_kept = desired
            .of_container(&container.service, &container.name)
            // How a job ended, and whether what is paused or dead comes back, is seen from inside only.
            .is_some_and(|service| {
                is_same(service, container)
                    && service.shares.is_empty()
                    && match container.state.as_str() {
                        "running" => is_large && is_listed_everywhere(service, container),
                        "created" | "exited" => !service.is_job,
                        _ => false,
                    }
            });
        (!surely_kept).then_some(container.id.as_str())
    })
}

/// Whether the list has all its connections; it does not say by which names it is found there.
fn is_listed_everywhere(service: &DesiredService, container: &Container) -> bool {
    let networks = container.networks.as_ref();
    networks.is_none_or(|networks| service.endpoints.iter().all(|endpoint| networks.contains(&endpoint.network)))
}

fn is_same(service: &DesiredService, container: &Container) -> bool {
    let hash = container.labels.get(labels::HASH);
    // What an earlier version made is not replaced only because more is looked at now.
    let is_of_before = hash == Some(&service.hash_before) && !compare::tells_modes(container.labels.get(labels::FILES));
    container.name == service.container && (hash == Some(&service.hash) || is_of_before) && container.gone.is_empty()
}

pub(crate) fn all(desired: &Desired, state: &State) -> BTreeMap<String, Decision> {
    let mut decisions: BTreeMap<String, Decision> =
        desired.services.values().map(|service| (service.key.clone(), decide(desired, service, state))).collect();
    for container in &state.containers {
        let is_idle = desired.idle.contains(&container.service);
        let goes = is_idle || container.is_ours() || desired.remove_orphans;
        if desired.services.contains_key(&container.service) || !goes {
            continue;
        }
        let decision = decisions.entry(container.service.clone()).or_insert_with(|| Decision {
            action: Action::Remove,
            cause: if is_idle { "it should have no container" } else { "no longer in the Compose files" }.to_owned(),
            manner: None,
            differences: Vec::new(),
            reconnects: false,
            kept: None,
            leaving: Vec::new(),
            carried: Carried::default(),
        });
        decision.leaving.push(container.clone());
    }
    together::bind(desired, &super::steps::order(desired), &mut decisions);
    decisions
}

pub(crate) fn decide(desired: &Desired, service: &DesiredService, state: &State) -> Decision {
    let containers = of(desired, service, state);
    let current = containers
        .iter()
        .copied()
        .filter(|container| container.name == service.container)
        .max_by_key(|container| container.is_running());
    let others = |kept: Option<&Container>| -> Vec<Container> {
        let kept = kept.map(|container| container.id.as_str());
        containers.iter().filter(|container| Some(container.id.as_str()) != kept).map(|one| (*one).clone()).collect()
    };
    let Some(current) = current else {
        let cause = match (containers.is_empty(), desired.standing) {
            (false, _) => "no container has the service's name",
            (true, Standing::First) => "new in this release",
            (true, Standing::Runs) => "its container is missing: it was removed by hand",
            // A plan does not know the files of the release that should run now.
            (true, Standing::Other | Standing::Back) => "there is no container of it",
        };
        return Decision {
            action: if containers.is_empty() { Action::Create } else { Action::Replace },
            cause: cause.to_owned(),
            manner: manner(service, &containers),
            differences: Vec::new(),
            reconnects: false,
            kept: None,
            leaving: others(None),
            carried: Carried::default(),
        };
    };

    let current = together::named(desired, service, current, state);
    let current = current.as_ref();
    let is_same = is_same(service, current) && together::is_at_home(service, current);
    let mut differences = if is_same { Vec::new() } else { compare::compare(service, current, &state.images) };
    if !is_same {
        differences.extend(compare::files(&service.files, current.labels.get(labels::FILES)));
        differences.extend(current.gone.iter().map(|target| compare::gone(target)));
    }
    let ours = current.labels.contains_key(labels::HASH);
    // A container that Docker Compose made mounts files from another place, and the agent cannot know whether they are
    // the same.
    let adoptable = !ours && differences.is_empty() && service.files.is_empty();
    if is_same || adoptable {
        let lack = current
            .inspect
            .as_ref()
            .map(|inspect| reach::lack(inspect, &service.endpoints, &|name| state.networks.get(name).cloned()));
        return keep(service, current, is_same, &lack.unwrap_or_default(), others(Some(current)));
    }
    let cause = cause(service, ours, &differences);
    Decision {
        action: Action::Replace,
        cause,
        manner: manner(service, &containers),
        differences,
        reconnects: false,
        kept: None,
        leaving: others(None),
        carried: Carried::default(),
    }
}

/// The containers that a decision is about: the one of that name, and for the first of several those that have no
/// place any more.
fn of<'a>(desired: &Desired, service: &DesiredService, state: &'a State) -> Vec<&'a Container> {
    let name = &service.service.name;
    let mut containers = state.of_service(name);
    let is_first = service.key == *name;
    containers.retain(|container| match desired.of_container(name, &container.name) {
        Some(place) => place.key == service.key,
        None => is_first,
    });
    containers
}

fn keep(
    service: &DesiredService,
    current: &Container,
    is_same: bool,
    lack: &Lack,
    leaving: Vec<Container>,
) -> Decision {
    let finished = service.is_job && current.exit_code() == Some(0);
    let mut decision = Decision {
        action: Action::Keep,
        cause: match (finished, is_same) {
            (true, _) => "ran before with the same configuration".to_owned(),
            (false, true) => "as it should be".to_owned(),
            (false, false) => "started by Docker Compose with the same configuration".to_owned(),
        },
        manner: None,
        differences: Vec::new(),
        reconnects: false,
        kept: Some(current.clone()),
        leaving,
        carried: Carried::default(),
    };
    if !finished && service.is_job {
        // It failed or was interrupted; a container that ran once is never run twice.
        decision.action = Action::Replace;
        decision.cause = String::from("did not end well before");
        decision.manner = Some(Manner::Job);
        decision.leaving.push(current.clone());
        decision.kept = None;
    } else if !finished && !current.is_running() {
        decision.action = Action::Update;
        decision.cause = format!("does not run: {}", current.state);
    } else if !finished && !lack.is_nothing() {
        decision.cause = format!("it runs, but {lack}");
        if lack.is_repaired_by(&service.endpoints) {
            decision.action = Action::Update;
            decision.reconnects = true;
        } else {
            decision.action = Action::Replace;
            decision.manner = manner(service, &[current]);
            decision.leaving.push(current.clone());
            decision.kept = None;
        }
    }
    decision
}

/// How the service is replaced, when containers of it run already. A container that crashes again and again is no use
/// to clients, and cannot be moved aside: engines refuse to rename or to connect a container that waits for its next
/// start.
fn manner(service: &DesiredService, old: &[&Container]) -> Option<Manner> {
    if service.manner == Manner::StartFirst && old.iter().any(|container| container.is_crashing()) {
        return Some(Manner::StopFirst("ends and is restarted by the engine again and again".to_owned()));
    }
    let runs = old.iter().any(|container| container.is_running());
    (runs || service.is_job).then(|| service.manner.clone())
}

fn cause(service: &DesiredService, ours: bool, differences: &[Difference]) -> String {
    let groups = {
        let mut groups: Vec<&str> = differences
            .iter()
            .map(|difference| difference.field.split(['.', ' ']).next().unwrap_or_default())
            .collect();
        groups.dedup();
        groups
    };
    match groups.as_slice() {
        [] if !ours && !service.files.is_empty() => {
            "started by Docker Compose with files from outside the release".to_owned()
        }
        [] => "configuration changed".to_owned(),
        ["content"] if differences.iter().all(compare::is_gone) => {
            "files that it mounts are gone from this host, so it cannot be started again".to_owned()
        }
        ["content"] => "content of mounted files changed".to_owned(),
        ["mode"] => modes_changed(service, differences),
        [one] => format!("{one} changed"),
        [first @ .., last] => format!("{} and {last} changed", first.join(", ")),
    }
}

/// Which file may be executed now, or no longer.
fn modes_changed(service: &DesiredService, differences: &[Difference]) -> String {
    let target = |difference: &Difference| difference.field.strip_prefix("mode of ").map(str::to_owned);
    match differences {
        [one] => {
            let target = target(one).unwrap_or_default();
            let path = service.files.get(&target).map(|content| &content.path).filter(|path| !path.is_empty());
            format!("mode of mounted file {} changed", path.unwrap_or(&target))
        }
        _ => "modes of mounted files changed".to_owned(),
    }
}

/// What people are shown about a service.
pub(crate) fn change(service: &str, decision: &Decision) -> Change {
    let manner = decision.manner.as_ref().map(|manner| match manner {
        Manner::StartFirst => "start-first".to_owned(),
        Manner::StopFirst(reason) => format!("stop-first: {reason}"),
        Manner::Job => "runs to its end".to_owned(),
    });
    let mut change = Change {
        subject: subject(service),
        action: decision.action,
        cause: decision.cause.clone(),
        manner,
        differences: decision.differences.clone(),
    };
    if let Some(carried) = decision.carried.told() {
        change.cause = format!("{}; {carried}", change.cause);
    }
    if decision.kept.is_some() && !decision.leaving.is_empty() {
        let names: Vec<&str> = decision.leaving.iter().map(|container| container.name.as_str()).collect();
        change.action = Action::Update;
        change.cause = format!("{}; removed besides: {}", change.cause, names.join(", "));
    }
    change
}

/// How a service is called in plans.
pub(crate) fn subject(service: &str) -> String {
    format!("service {service}")
}
