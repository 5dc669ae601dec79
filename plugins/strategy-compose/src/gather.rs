//! Asking the engine what there is, with as few questions as the plan needs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use windlass_sdk::Result;

use crate::desired::Desired;
use crate::engine::{Engine, or_gone};
use crate::json;
use crate::plan;
use crate::state::{Container, Image, NETWORK, State, VOLUME};

/// Containers up to which each of them is looked into; of larger applications only what the list leaves open.
pub(crate) const MANY: usize = 100;

/// How much is asked about containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Everything of so many containers, and of more only the list.
    AllOf(usize),
    /// What a decision needs.
    Decisions,
    /// Everything.
    All,
}

/// The state of a project. Without `desired` only what the engine lists.
pub(crate) fn gather(engine: &dyn Engine, project: &str, desired: Option<&Desired>, detail: Detail) -> Result<State> {
    let mut state = State {
        containers: engine.containers()?.iter().filter_map(|item| Container::read(item, project)).collect(),
        ..State::default()
    };
    state.containers.sort_by(|left, right| left.name.cmp(&right.name));
    let resources = engine.resources()?;
    state.networks = by_name(&resources, "/networks");
    state.volumes = by_name(&resources, "/volumes");
    if let Some(desired) = desired {
        for network in
            desired.networks.values().filter(|network| !state.networks.contains_key(&network.name)).collect::<Vec<_>>()
        {
            if let Some(found) = or_gone(engine.network(&network.name))? {
                state.networks.insert(network.name.clone(), found);
                state.looked_up.insert((NETWORK, network.name.clone()));
            }
        }
        for volume in
            desired.volumes.values().filter(|volume| !state.volumes.contains_key(&volume.name)).collect::<Vec<_>>()
        {
            if let Some(found) = or_gone(engine.volume(&volume.name))? {
                state.volumes.insert(volume.name.clone(), found);
                state.looked_up.insert((VOLUME, volume.name.clone()));
            }
        }
        for service in desired.services.values() {
            for reference in service.images() {
                look_at(engine, reference, &mut state)?;
            }
        }
    }
    let ids: Vec<String> = match (detail, desired) {
        (Detail::Decisions, None) => Vec::new(),
        (Detail::Decisions, Some(desired)) => plan::needs_inspection(desired, &state).map(str::to_owned).collect(),
        (Detail::AllOf(most), _) if state.containers.len() > most => Vec::new(),
        (Detail::All | Detail::AllOf(_), _) => state.containers.iter().map(|container| container.id.clone()).collect(),
    };
    for id in ids {
        let inspect = or_gone(engine.container(&id))?;
        match state.containers.iter_mut().find(|container| container.id == id) {
            Some(container) if inspect.is_some() => container.inspect = inspect,
            // It went away between the two questions.
            _ => state.containers.retain(|container| container.id != id),
        }
    }
    if desired.is_some() {
        let inspected = state.containers.iter().filter_map(|container| container.inspect.as_ref());
        let named: BTreeSet<String> = inspected.flat_map(json::mounted_images).collect();
        // An id says itself which image it is.
        for reference in named.iter().filter(|reference| !reference.starts_with("sha256:")) {
            look_at(engine, reference, &mut state)?;
        }
    }
    Ok(state)
}

/// Asks for an image once.
fn look_at(engine: &dyn Engine, reference: &str, state: &mut State) -> Result<()> {
    if !state.images.contains_key(reference) {
        let image = or_gone(engine.image(reference))?.map(|answer| Image::read(&answer));
        state.images.insert(reference.to_owned(), image);
    }
    Ok(())
}

fn by_name(resources: &Value, pointer: &str) -> BTreeMap<String, Value> {
    resources
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| Some((json::text(item, "/Name")?, item.clone())))
        .collect()
}
