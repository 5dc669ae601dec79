//! Networks and volumes as the engine takes them, and how containers are connected.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use windlass_compose::{Network, Service, Volume};

use super::{Endpoint, Resource, Scope};
use crate::labels;

pub(super) fn network(project: &str, key: &str, network: &Network) -> Resource {
    let name = network.name.clone().unwrap_or_else(|| format!("{project}_{key}"));
    let mut body = Map::new();
    body.insert("Name".to_owned(), json!(name));
    body.insert("Driver".to_owned(), json!(network.driver.as_deref().unwrap_or("bridge")));
    body.insert("Internal".to_owned(), json!(network.internal));
    if let Some(enabled) = network.enable_ipv6 {
        body.insert("EnableIPv6".to_owned(), json!(enabled));
    }
    body.insert("Options".to_owned(), json!(network.driver_opts));
    body.insert("Labels".to_owned(), own_labels(&network.labels, project, labels::NETWORK, key));
    Resource { name, external: network.external, body: Value::Object(body) }
}

pub(super) fn volume(project: &str, key: &str, volume: &Volume) -> Resource {
    let name = volume.name.clone().unwrap_or_else(|| format!("{project}_{key}"));
    let body = json!({
        "Name": name,
        "Driver": volume.driver.as_deref().unwrap_or("local"),
        "DriverOpts": volume.driver_opts,
        "Labels": own_labels(&volume.labels, project, labels::VOLUME, key),
    });
    Resource { name, external: volume.external, body }
}

fn own_labels(own: &BTreeMap<String, String>, project: &str, kind: &str, key: &str) -> Value {
    let mut all = own.clone();
    all.insert(kind.to_owned(), key.to_owned());
    all.insert(labels::PROJECT.to_owned(), project.to_owned());
    all.insert(labels::VERSION.to_owned(), labels::COMPOSE_VERSION.to_owned());
    json!(all)
}

/// In the order of Docker Compose: by key. The first one is the container's primary network.
pub(super) fn endpoints(scope: &Scope<'_>, service: &Service, container: &str) -> Vec<Endpoint> {
    service
        .networks
        .iter()
        .filter_map(|(key, attachment)| {
            let network = scope.networks.get(key)?;
            let mut aliases = vec![container.to_owned(), service.name.clone()];
            for alias in &attachment.aliases {
                if !aliases.contains(alias) {
                    aliases.push(alias.clone());
                }
            }
            Some(Endpoint { network: network.name.clone(), aliases })
        })
        .collect()
}
