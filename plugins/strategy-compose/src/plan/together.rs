//! Services that live on another one's container or restart with it: replaced when that one is.

use std::borrow::Cow;
use std::collections::BTreeMap;

use windlass_domain::Action;

use super::decide::Decision;
use crate::desired::{self, Desired, DesiredService, Manner};
use crate::state::{Container, State};

/// The container with services named where it lives on their containers, as the files name them.
pub(super) fn named<'a>(
    desired: &Desired,
    service: &DesiredService,
    container: &'a Container,
    state: &State,
) -> Cow<'a, Container> {
    let mut container = Cow::Borrowed(container);
    if service.shares.is_empty() || container.inspect.is_none() {
        return container;
    }
    let others = service.shares.iter().filter_map(|name| desired.services.get(name));
    let ids: BTreeMap<&str, &str> = others
        .filter_map(|other| {
            let of_service = state.of_service(&other.service.name);
            let found = of_service.into_iter().find(|container| container.name == other.container)?;
            Some((found.id.as_str(), other.service.name.as_str()))
        })
        .collect();
    if let Some(inspect) = &mut container.to_mut().inspect {
        desired::name(inspect, &ids);
    }
    container
}

/// Whether a container lives where its service should, on containers that are there.
pub(super) fn is_at_home(service: &DesiredService, container: &Container) -> bool {
    service.shares.is_empty()
        || container.inspect.as_ref().is_some_and(|now| desired::named(&service.body).is_subset(&desired::named(now)))
}

/// Lets go of what must not stay when another service's container is replaced. `order` has dependencies first.
pub(super) fn bind(desired: &Desired, order: &[String], decisions: &mut BTreeMap<String, Decision>) {
    for service in order.iter().filter_map(|key| desired.services.get(key)) {
        let Some(with) = service.bound.iter().find(|name| leaves(desired, service, name, decisions)) else { continue };
        let Some(decision) = decisions.get_mut(&service.key) else { continue };
        // A job that ended well no longer needs the other service, and is not run again.
        if service.is_job {
            continue;
        }
        if let Some(kept) = decision.kept.take() {
            decision.action = Action::Replace;
            decision.cause = format!("restarts with {with}");
            decision.leaving.push(kept);
        }
        let runs = decision.leaving.iter().any(Container::is_running);
        if runs && !matches!(decision.manner, Some(Manner::StopFirst(_))) {
            decision.manner = Some(Manner::StopFirst(format!("restarts with `{with}`")));
        }
    }
}

/// Whether the container that `service` depends on goes away, or comes to life again under one that lives on it.
fn leaves(desired: &Desired, service: &DesiredService, name: &str, decisions: &BTreeMap<String, Decision>) -> bool {
    desired.of_service(name).filter_map(|other| decisions.get(&other.key)).any(|decision| match decision.action {
        Action::Replace => true,
        Action::Update => service.shares.contains(name) && !decision.reconnects,
        Action::Create | Action::Keep | Action::Remove => false,
    })
}
