//! Containers that live on parts of another service's container, and those that restart with one.
//!
//! A body names the service, `service:vpn`; the container's id is filled in when it is made, because no plan can know it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use windlass_compose::{ModeKind, Service, VolumesSource};

/// What stands for the container of a service, in the fields of `HostConfig` that name containers.
pub(super) const SERVICE: &str = "service:";
/// Fields of `HostConfig` that hold `container:ID`.
const MODES: &[&str] = &["NetworkMode", "PidMode", "IpcMode"];

/// Services whose namespaces or volumes a service's containers use.
pub(super) fn shares(service: &Service) -> BTreeSet<String> {
    let modes = service.namespaces.given().filter_map(|(_, mode)| match &mode.kind {
        ModeKind::Service(name) => Some(name.clone()),
        ModeKind::Container(_) | ModeKind::Word(_) => None,
    });
    let volumes = service.volumes_from.iter().filter_map(|from| match &from.source {
        VolumesSource::Service(name) => Some(name.clone()),
        VolumesSource::Container(_) => None,
    });
    modes.chain(volumes).collect()
}

/// Services with which a service restarts when they are replaced: `depends_on.….restart`, and what it lives on.
pub(super) fn bound(service: &Service) -> BTreeSet<String> {
    // A link is looked up by name each time, so what it leads to may be replaced.
    let is_link = |name: &str| service.links.iter().any(|link| link.service == *name);
    let asked = service.depends_on.iter().filter(|(name, one)| one.restart && !(one.implied && is_link(name)));
    asked.map(|(name, _)| name.clone()).chain(shares(service)).collect()
}

/// Puts the ids of containers in the place of services.
pub(crate) fn fill(body: &mut Value, ids: &BTreeMap<String, String>) {
    each(body, &|text, is_mode| {
        let (service, rest) = split(text.strip_prefix(SERVICE)?);
        let id = ids.get(service)?;
        Some(if is_mode { format!("container:{id}") } else { format!("{id}{rest}") })
    });
}

/// The services that a body names, each with the field that does.
pub(crate) fn named(body: &Value) -> BTreeSet<(&str, &str)> {
    let host = body.get("HostConfig").unwrap_or(&Value::Null);
    let from = host.get("VolumesFrom").and_then(Value::as_array).into_iter().flatten();
    let modes = MODES.iter().filter_map(|key| Some((*key, host.get(*key)?)));
    let all = modes.chain(from.map(|text| ("VolumesFrom", text)));
    all.filter_map(|(key, text)| Some((key, split(text.as_str()?.strip_prefix(SERVICE)?).0))).collect()
}

/// The other way round: names services in the place of their containers.
pub(crate) fn name(inspect: &mut Value, services: &BTreeMap<&str, &str>) {
    each(inspect, &|text, is_mode| {
        let (id, rest) = split(if is_mode { text.strip_prefix("container:")? } else { text });
        let service = services.get(id)?;
        Some(format!("{SERVICE}{service}{rest}"))
    });
}

/// `name:ro` comes apart before the colon.
fn split(text: &str) -> (&str, &str) {
    text.find(':').map_or((text, ""), |at| text.split_at(at))
}

fn each(body: &mut Value, change: &dyn Fn(&str, bool) -> Option<String>) {
    let Some(host) = body.get_mut("HostConfig") else { return };
    for key in MODES {
        if let Some(changed) = host.get(*key).and_then(Value::as_str).and_then(|text| change(text, true)) {
            host[*key] = json!(changed);
        }
    }
    for from in host.get_mut("VolumesFrom").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(changed) = from.as_str().and_then(|text| change(text, false)) {
            *from = json!(changed);
        }
    }
}
