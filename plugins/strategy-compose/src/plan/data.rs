//! What becomes of a service's data when its container is replaced.
//!
//! A volume without a name belongs to one container: for the next one the engine makes a new, empty one. So the new
//! container is given the old one's volume by the name that the engine made up, as Docker Compose does, at every place
//! where the files or the image still ask for a volume without a name. What is not carried over stays on the host, and
//! the plan names it, because nothing else would. Jobs carry nothing over: each run has what it needs and no more.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use windlass_compose::Replace;
use windlass_domain::Action;

use super::decide::Decision;
use crate::desired::{self, Desired, DesiredService, Manner};
use crate::json;
use crate::labels;
use crate::state::{Container, State, is_made_up};

/// Volumes without a name that a new container takes over of the one that it replaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Carried {
    /// The path in the container, and the volume.
    pub(crate) volumes: BTreeMap<String, String>,
    /// Paths that only the image may ask for, which is not on this host yet.
    unsure: BTreeSet<String>,
}

impl Carried {
    /// What the plan says about it; nothing where nothing is carried over.
    pub(crate) fn told(&self) -> Option<String> {
        let (unsure, sure): (Vec<&String>, Vec<&String>) =
            self.volumes.keys().partition(|target| self.unsure.contains(*target));
        let all = |targets: &[&String]| {
            let word = if targets.len() == 1 { "volume" } else { "volumes" };
            let paths: Vec<&str> = targets.iter().map(|target| target.as_str()).collect();
            format!("carries over the anonymous {word} at {}", paths.join(" and "))
        };
        match (sure.as_slice(), unsure.as_slice()) {
            ([], []) => None,
            (sure, []) => Some(all(sure)),
            ([], unsure) => Some(format!("{} where the new image still has one there", all(unsure))),
            (sure, unsure) => {
                let paths: Vec<&str> = unsure.iter().map(|target| target.as_str()).collect();
                Some(format!("{}, and at {} where the new image still has one there", all(sure), paths.join(" and ")))
            }
        }
    }
}

/// What a new container has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A volume of that name.
    Named(String),
    /// A volume without a name.
    Anonymous,
    /// A path of the host, or a file of the release.
    Host,
    /// A file system in memory.
    Memory,
    /// Files of an image.
    Image,
}

/// Decides for every container that is made what it takes over, and says what is left behind.
pub(super) fn carry(desired: &Desired, state: &State, decisions: &mut BTreeMap<String, Decision>) -> Vec<String> {
    let mut warnings = Vec::new();
    for (key, decision) in decisions {
        let service = desired.services.get(key);
        let made = service.filter(|_| matches!(decision.action, Action::Create | Action::Replace));
        let predecessor = made.and_then(|service| predecessor(service, decision)).cloned();
        if let Some(service) = made {
            let places = places(service, state);
            match &predecessor {
                Some(old) => {
                    decision.carried = carried(desired, service, old, &places, state, &mut warnings);
                    shared_by_two(service, old, decision);
                }
                None => starts_empty(service, &places, state, &mut warnings),
            }
        }
        for old in decision.leaving.iter().filter(|old| predecessor.as_ref().is_none_or(|one| one.id != old.id)) {
            goes(desired, old, state, &mut warnings);
        }
    }
    warnings
}

/// The container whose place the new one takes.
fn predecessor<'a>(service: &DesiredService, decision: &'a Decision) -> Option<&'a Container> {
    let of_that_name = |old: &&Container| old.name == service.container;
    decision
        .leaving
        .iter()
        .max_by_key(|old| (of_that_name(old), old.is_running(), Reverse((old.name.len(), old.name.clone()))))
}

/// What a new container has where. What it takes from another service's container is not among it.
fn places(service: &DesiredService, state: &State) -> BTreeMap<String, Place> {
    let mut places = BTreeMap::new();
    let host = service.body.get("HostConfig").unwrap_or(&Value::Null);
    for target in host.get("Tmpfs").and_then(Value::as_object).into_iter().flatten().map(|(target, _)| target) {
        places.insert(desired::cleaned(target), Place::Memory);
    }
    for bind in json::texts(host, "/Binds") {
        let mut parts = bind.split(':');
        let (source, target) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let place = if source.starts_with('/') { Place::Host } else { Place::Named(source.to_owned()) };
        places.insert(desired::cleaned(target), place);
    }
    for mount in host.get("Mounts").and_then(Value::as_array).into_iter().flatten() {
        let place = match (json::text(mount, "/Type").as_deref(), json::text(mount, "/Source")) {
            (Some("volume"), Some(name)) if !name.is_empty() => Place::Named(name),
            (Some("volume"), _) => Place::Anonymous,
            (Some("tmpfs"), _) => Place::Memory,
            (Some("image"), _) => Place::Image,
            _ => Place::Host,
        };
        places.insert(desired::cleaned(&json::text(mount, "/Target").unwrap_or_default()), place);
    }
    let image = state.images.get(&service.image.reference).and_then(Option::as_ref);
    for target in image.into_iter().flat_map(|image| desired::declared(&image.config)) {
        places.entry(target).or_insert(Place::Anonymous);
    }
    places
}

fn carried(
    desired: &Desired,
    service: &DesiredService,
    old: &Container,
    places: &BTreeMap<String, Place>,
    state: &State,
    warnings: &mut Vec<String>,
) -> Carried {
    let image_is_known = state.images.get(&service.image.reference).is_some_and(Option::is_some);
    let lent = lent(service, state);
    let mut carried = Carried::default();
    for mount in &old.volumes {
        let (target, volume) = (&mount.target, &mount.volume);
        if lent.contains(volume) {
            continue;
        }
        let place = places.get(target);
        if !is_anonymous(desired, state, volume) {
            let stays_used = places.values().any(|place| *place == Place::Named(volume.clone()));
            if !stays_used {
                warnings.push(left(service, target, &format!("the volume `{volume}`"), volume, place, state));
            }
            continue;
        }
        if service.is_job {
            continue;
        }
        match place {
            Some(Place::Anonymous) => {
                carried.volumes.insert(target.clone(), volume.clone());
            }
            None if !image_is_known => {
                carried.volumes.insert(target.clone(), volume.clone());
                carried.unsure.insert(target.clone());
            }
            place => warnings.push(left(service, target, "an anonymous volume", volume, place, state)),
        }
    }
    carried
}

/// Volumes that a service sees because it lives on another service's containers.
fn lent(service: &DesiredService, state: &State) -> BTreeSet<String> {
    let others = service.shares.iter().flat_map(|name| state.of_service(name));
    others.flat_map(|other| &other.volumes).map(|mount| mount.volume.clone()).collect()
}

fn is_anonymous(desired: &Desired, state: &State, volume: &str) -> bool {
    is_made_up(volume)
        && !state.volumes.contains_key(volume)
        && !desired.volumes.values().any(|resource| resource.name == volume)
}

/// The sentence about a volume that a service does not use any more.
fn left(
    service: &DesiredService,
    target: &str,
    was: &str,
    volume: &str,
    place: Option<&Place>,
    state: &State,
) -> String {
    let key = &service.key;
    let now = match place {
        None if is_made_up(volume) => {
            return format!(
                "{key} no longer uses its anonymous volume at {target}; the data stays in the volume `{volume}`"
            );
        }
        None => return format!("{key} no longer uses {was}; its data stays there"),
        Some(Place::Named(name)) if state.volumes.contains_key(name) => format!("the volume `{name}`"),
        Some(Place::Named(name)) => format!("the volume `{name}`, which is new and starts empty"),
        Some(Place::Anonymous) => "an anonymous volume, which starts empty".to_owned(),
        Some(Place::Host) => "a file or directory of the host".to_owned(),
        Some(Place::Image) => "files of an image".to_owned(),
        Some(Place::Memory) => "a file system in memory, which starts empty".to_owned(),
    };
    format!("{key}: {target} was {was} and is now {now}; the old data stays in the volume `{volume}`")
}

/// Two containers that write the same data at the same time could destroy it, whether the volume has a name or not.
fn shared_by_two(service: &DesiredService, old: &Container, decision: &mut Decision) {
    let asked = service.service.windlass.replace == Some(Replace::StartFirst);
    if asked || decision.manner != Some(Manner::StartFirst) {
        return;
    }
    let is_written = |target: &&String| {
        let declared = service.service.mounts.iter().find(|mount| mount.target == **target);
        let writable = old.volumes.iter().any(|mount| mount.target == **target && mount.writable);
        declared.map_or(writable, |mount| !mount.read_only)
    };
    if let Some(target) = decision.carried.volumes.keys().find(is_written) {
        decision.manner = Some(Manner::StopFirst(format!("writes to the anonymous volume at `{target}`")));
    }
}

/// One more container of a service that has data of its own has none yet.
fn starts_empty(service: &DesiredService, places: &BTreeMap<String, Place>, state: &State, warnings: &mut Vec<String>) {
    let others = state.of_service(&service.service.name);
    for (target, _) in places.iter().filter(|(_, place)| **place == Place::Anonymous) {
        let has = |other: &&Container| other.volumes.iter().any(|mount| mount.target == *target);
        if !service.is_job && others.iter().any(has) {
            warnings.push(format!(
                "{} is one more container of {}; its anonymous volume at {target} is new and starts empty",
                service.container, service.service.name
            ));
        }
    }
}

/// What stays of a container that is removed without a successor.
fn goes(desired: &Desired, old: &Container, state: &State, warnings: &mut Vec<String>) {
    if old.labels.contains_key(labels::VOLUMES) {
        return;
    }
    let is_used = |volume: &str| {
        let others = state.containers.iter().filter(|other| other.id != old.id);
        others.flat_map(|other| &other.volumes).any(|mount| mount.volume == volume)
    };
    let left: Vec<String> = old
        .volumes
        .iter()
        .filter(|mount| is_anonymous(desired, state, &mount.volume) && !is_used(&mount.volume))
        .map(|mount| format!("{} in the volume `{}`", mount.target, mount.volume))
        .collect();
    if !left.is_empty() {
        warnings.push(format!(
            "{} is removed, and the data that it kept in anonymous volumes stay: {}; `docker volume rm` removes what is \
             not needed",
            old.name,
            left.join(", ")
        ));
    }
}
