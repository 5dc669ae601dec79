//! What the operator must allow so that the Compose file can be deployed: no more, and each item with the service that
//! asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as HostPath;

use windlass_capability::docker::{Needed, needed};
use windlass_compose::{Application, Protocol};
use windlass_config::Allowance;

use super::artifacts::Found;
use super::bodies::bodies;

/// What the operator must allow, found in the Compose file.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// What the engine's policy asks for.
    pub(super) docker: Needed,
    /// The directory for data, where containers write to relative paths.
    pub(super) data_root: Option<String>,
    /// Names of secrets of the operator that are put into containers.
    pub(super) secrets: BTreeSet<String>,
    /// Registries of the images.
    pub(super) registries: BTreeSet<String>,
    /// Published TCP ports, for the examples of smoke tests.
    pub(super) ports: BTreeMap<u16, String>,
}

/// What is never mounted, whatever is granted, where nothing else is said.
const NEVER: &[(&str, &str)] = &[
    ("/etc/windlass", "the operator's configuration"),
    ("/var/lib/windlass", "the agent's state"),
    ("/var/lib/docker", "the engine's data"),
    ("/run/docker.sock", "the engine's socket"),
    ("/var/run/docker.sock", "the engine's socket"),
];

/// The places of the engine's socket: it can be mounted itself, and nothing that it is in.
const SOCKETS: &[&str] = &["/run/docker.sock", "/var/run/docker.sock"];

/// Finds what the operator must allow. What no grant allows becomes a remark.
pub(super) fn needs(
    name: &str,
    application: &Application,
    found: &Found,
    agent_file: &HostPath,
    remarks: &mut Vec<String>,
) -> Needs {
    let mut left_out = BTreeSet::new();
    let bodies = bodies(application, name, &mut |service, path| match never(path, agent_file) {
        Some(why) => {
            left_out.insert(format!(
                "the service `{service}` mounts `{path}`, which no grant allows: it is, contains or is inside {why}"
            ));
            false
        }
        None => true,
    });
    remarks.extend(left_out);
    let mut docker = needed(name, &bodies);
    let networks = application.networks.iter().filter(|(_, network)| network.external);
    let networks = networks.map(|(key, network)| ("network", key, network.name.as_ref()));
    let volumes = application.volumes.iter().filter(|(_, volume)| volume.external);
    let volumes = volumes.map(|(key, volume)| ("volume", key, volume.name.as_ref()));
    for (kind, key, name) in networks.chain(volumes) {
        docker
            .dangers
            .push((format!("{kind}:{}", name.unwrap_or(key)), format!("the {kind} {key}, which is external")));
    }
    docker.dangers.sort();
    docker.dangers.dedup_by(|one, other| one.0 == other.0);
    remarks.append(&mut docker.refused);
    for (danger, who) in &docker.dangers {
        if let Some(allowance) = danger.parse::<Allowance>().ok().filter(Allowance::is_grave) {
            remarks.push(format!(
                "`{danger}` is granted because the Compose file asks for it ({who}): it {}; take it out of agent.toml if that \
                 is not meant",
                allowance.meaning()
            ));
        }
    }
    let mut ports = BTreeMap::new();
    for service in application.services.values() {
        for port in &service.ports {
            if port.protocol == Protocol::Tcp
                && let Some(published) = port.fixed()
            {
                ports.entry(published).or_insert_with(|| service.name.clone());
            }
        }
    }
    let pulled = found.artifacts.values().filter(|artifact| !artifact.built);
    let registries = pulled.map(|artifact| artifact.reference.registry().to_owned()).collect();
    Needs { docker, data_root: None, secrets: BTreeSet::new(), registries, ports }
}

/// Why a path is never mounted.
fn never(path: &str, agent_file: &HostPath) -> Option<String> {
    if SOCKETS.contains(&path) {
        return None;
    }
    let path = HostPath::new(path);
    let all = NEVER.iter().map(|(place, what)| (HostPath::new(*place), *what));
    let mut all = all.chain([(agent_file, "the operator's file that is written here")]);
    let (place, what) = all.find(|(place, _)| place.starts_with(path) || path.starts_with(place))?;
    Some(format!("{what} ({})", place.display()))
}
