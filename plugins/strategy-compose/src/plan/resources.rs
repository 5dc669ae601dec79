//! Images, networks and volumes.
//!
//! A network or volume whose definition changed is never made again without the operator's consent: containers would
//! lose their connections, volumes their data. The plan is refused, and the error says what the operator can do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use windlass_domain::{Action, Change};

use super::{Draft, NewStep};
use crate::desired::{Desired, Pinned, Platform, Resource};
use crate::json;
use crate::labels;
use crate::operation::{Before, Operation};
use crate::state::State;

/// Why there can be no plan: one sentence each, with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obstacles(pub(crate) Vec<(String, String)>);

pub(super) fn add(desired: &Desired, state: &State, draft: &mut Draft) -> Result<(), Obstacles> {
    let mut obstacles = Vec::new();
    images(desired, state, draft, &mut obstacles);
    for resource in desired.networks.values() {
        if let Some(found) = state.networks.get(&resource.name) {
            network_fits(&desired.project, resource, found, &mut obstacles);
            keep("network", resource, draft);
        } else if resource.external {
            missing("network", resource, &mut obstacles);
        } else {
            let operation = Operation::CreateNetwork { name: resource.name.clone(), body: resource.body.clone() };
            create("network", resource, operation, draft);
        }
    }
    for resource in desired.volumes.values() {
        if let Some(found) = state.volumes.get(&resource.name) {
            volume_fits(&desired.project, resource, found, &mut obstacles);
            keep("volume", resource, draft);
        } else if resource.external {
            missing("volume", resource, &mut obstacles);
        } else {
            let operation = Operation::CreateVolume { name: resource.name.clone(), body: resource.body.clone() };
            create("volume", resource, operation, draft);
        }
    }
    if obstacles.is_empty() { Ok(()) } else { Err(Obstacles(obstacles)) }
}

/// One pull for each image that is not here.
fn images(desired: &Desired, state: &State, draft: &mut Draft, obstacles: &mut Vec<(String, String)>) {
    let mut absent = BTreeMap::new();
    for image in desired.services.values().flat_map(|service| &service.mounted_images) {
        if state.images.get(&image.reference).is_some_and(Option::is_some) {
            continue;
        }
        if image.local {
            obstacles.push(no_longer_here(image));
            continue;
        }
        absent.entry(&image.reference).or_insert((image, BTreeSet::new()));
    }
    for service in desired.services.values() {
        let here = state.images.get(&service.image.reference).and_then(Option::as_ref);
        let asked = service.service.platform.as_deref().and_then(Platform::read);
        if let Some(image) = here {
            if let (Some(asked), Some(is)) = (&asked, &image.platform)
                && !asked.is_met_by(is)
            {
                obstacles.push((
                    format!(
                        "service {} asks for {asked}, but its image ({} {}) is for {is}",
                        service.key, service.image.name, service.image.version
                    ),
                    "release the image's digest for that platform, or correct `platform`".to_owned(),
                ));
            }
            continue;
        }
        if service.image.local {
            obstacles.push(no_longer_here(&service.image));
            continue;
        }
        if service.service.pull_policy.as_deref() == Some("never") {
            obstacles.push((
                format!(
                    "service {} must not pull its image ({} {}), which is not on this host",
                    service.key, service.image.name, service.image.version
                ),
                "load it, or leave `pull_policy: never` out".to_owned(),
            ));
            continue;
        }
        let (_, platforms) = absent.entry(&service.image.reference).or_insert((&service.image, BTreeSet::new()));
        platforms.extend(asked.map(|platform| platform.to_string()));
    }
    for (reference, (image, platforms)) in absent {
        let id = draft.apply(NewStep {
            id: format!("pull:{}", image.name),
            title: format!("pull {} {}", image.name, image.version),
            needs: Vec::new(),
            subject: None,
            timeout_seconds: None,
            operation: Operation::Pull { reference: reference.clone(), platforms },
            before: Before::default(),
        });
        draft.prepared.push(id);
    }
}

/// Why a local image that is not there stands in the way.
fn no_longer_here(image: &Pinned) -> (String, String) {
    (
        format!("the local image of artifact `{}` is no longer on this host", image.name),
        "build or load it again, or let the artifact come from a registry".to_owned(),
    )
}

fn keep(kind: &str, resource: &Resource, draft: &mut Draft) {
    draft.plan.changes.push(Change {
        subject: format!("{kind} {}", resource.name),
        action: Action::Keep,
        cause: if resource.external { "external: made and kept by another owner" } else { "as it should be" }
            .to_owned(),
        manner: None,
        differences: Vec::new(),
    });
}

fn create(kind: &str, resource: &Resource, operation: Operation, draft: &mut Draft) {
    let subject = format!("{kind} {}", resource.name);
    let id = draft.apply(NewStep {
        id: format!("{kind}:{}", resource.name),
        title: format!("create {subject}"),
        needs: Vec::new(),
        subject: Some(&subject),
        timeout_seconds: None,
        operation,
        before: Before::default(),
    });
    draft.prepared.push(id);
    draft.plan.changes.push(Change {
        subject,
        action: Action::Create,
        cause: "not there yet".to_owned(),
        manner: None,
        differences: Vec::new(),
    });
}

fn missing(kind: &str, resource: &Resource, obstacles: &mut Vec<(String, String)>) {
    obstacles.push((
        format!("the external {kind} `{}` is not there", resource.name),
        format!("create it (`docker {kind} create {}`), or remove `external: true`", resource.name),
    ));
}

fn network_fits(project: &str, resource: &Resource, found: &Value, obstacles: &mut Vec<(String, String)>) {
    if resource.external || !is_own("network", project, resource, found, obstacles) {
        return;
    }
    let mut wrong = Vec::new();
    let flags = [
        ("driver", "/Driver"),
        ("internal", "/Internal"),
        ("attachable", "/Attachable"),
        ("enable_ipv4", "/EnableIPv4"),
        ("enable_ipv6", "/EnableIPv6"),
        ("ipam.driver", "/IPAM/Driver"),
    ];
    for (field, pointer) in flags {
        let (wanted, has) = (resource.body.pointer(pointer), found.pointer(pointer));
        if wanted.is_some() && has.is_some() && wanted != has {
            wrong.push(field);
        }
    }
    if json::pairs(&resource.body, "/Options").iter().any(|(key, value)| {
        found.get("Options").and_then(Value::as_object).and_then(|options| options.get(key)).and_then(Value::as_str)
            != Some(value)
    }) {
        wrong.push("driver_opts");
    }
    if !pools_fit(&resource.body, found) {
        wrong.push("ipam.config");
    }
    differs("network", resource, &wrong, obstacles);
}

/// Whether the network has every range of addresses that is asked for, with what is said about it.
fn pools_fit(body: &Value, found: &Value) -> bool {
    let pools = |network: &Value| -> Vec<Value> {
        network.pointer("/IPAM/Config").and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let has = pools(found);
    pools(body).iter().all(|wanted| {
        let same =
            |pool: &Value| wanted.as_object().into_iter().flatten().all(|(key, value)| pool.get(key) == Some(value));
        has.iter().any(same)
    })
}

fn volume_fits(project: &str, resource: &Resource, found: &Value, obstacles: &mut Vec<(String, String)>) {
    if resource.external || !is_own("volume", project, resource, found, obstacles) {
        return;
    }
    let mut wrong = Vec::new();
    if json::text(found, "/Driver") != json::text(&resource.body, "/Driver") {
        wrong.push("driver");
    }
    if json::pairs(found, "/Options") != json::pairs(&resource.body, "/DriverOpts") {
        wrong.push("driver_opts");
    }
    differs("volume", resource, &wrong, obstacles);
}

/// Whether the project made it; the Compose file must say `external` to use a network or volume of another owner.
fn is_own(
    kind: &str,
    project: &str,
    resource: &Resource,
    found: &Value,
    obstacles: &mut Vec<(String, String)>,
) -> bool {
    let own = json::pairs(found, "/Labels").get(labels::PROJECT).is_some_and(|name| name == project);
    if !own {
        obstacles.push((
            format!("the {kind} `{}` exists already and belongs to another owner", resource.name),
            format!("write `external: true` to use it, or give the {kind} another name"),
        ));
    }
    own
}

fn differs(kind: &str, resource: &Resource, wrong: &[&str], obstacles: &mut Vec<(String, String)>) {
    if wrong.is_empty() {
        return;
    }
    let loss = if kind == "volume" { "with its data" } else { "with all its connections" };
    obstacles.push((
        format!("the {kind} `{}` is there with another {}", resource.name, wrong.join(" and ")),
        format!(
            "an existing {kind} cannot be changed: give the new one another name in the Compose file, put the old \
             definition back, or remove the old one {loss} yourself"
        ),
    ));
}
