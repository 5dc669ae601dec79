//! Networks and volumes as the engine takes them, and how containers are connected.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use windlass_compose::{Attachment, Ipam, Network, Service, Volume};

use super::{Endpoint, Resource, Scope};
use crate::labels;

/// The field of a connection's hardware address.
pub(crate) const MAC_ADDRESS: &str = "MacAddress";

pub(super) fn network(project: &str, key: &str, network: &Network) -> Resource {
    let name = network.name.clone().unwrap_or_else(|| format!("{project}_{key}"));
    let mut body = Map::new();
    body.insert("Name".to_owned(), json!(name));
    body.insert("Driver".to_owned(), json!(network.driver.as_deref().unwrap_or("bridge")));
    body.insert("Internal".to_owned(), json!(network.internal));
    if let Some(enabled) = network.enable_ipv6 {
        body.insert("EnableIPv6".to_owned(), json!(enabled));
    }
    // Only where it says no, as older engines know nothing else.
    if network.enable_ipv4 == Some(false) {
        body.insert("EnableIPv4".to_owned(), json!(false));
    }
    if network.attachable {
        body.insert("Attachable".to_owned(), json!(true));
    }
    if network.ipam != Ipam::default() {
        body.insert("IPAM".to_owned(), ipam(&network.ipam));
    }
    body.insert("Options".to_owned(), json!(network.driver_opts));
    body.insert("Labels".to_owned(), own_labels(&network.labels, project, labels::NETWORK, key));
    Resource { name, external: network.external, body: Value::Object(body) }
}

fn ipam(ipam: &Ipam) -> Value {
    let pools = ipam.pools.iter().map(|pool| {
        let mut body = Map::new();
        let texts = [("Subnet", &pool.subnet), ("IPRange", &pool.ip_range), ("Gateway", &pool.gateway)];
        for (key, text) in texts {
            if let Some(text) = text {
                body.insert(key.to_owned(), json!(text));
            }
        }
        if !pool.aux_addresses.is_empty() {
            body.insert("AuxiliaryAddresses".to_owned(), json!(pool.aux_addresses));
        }
        Value::Object(body)
    });
    json!({ "Driver": ipam.driver.as_deref().unwrap_or("default"), "Config": pools.collect::<Vec<_>>() })
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

/// Whether that is the container's primary network.
pub(super) fn is_first(service: &Service, key: &str) -> bool {
    service.networks_in_order().first().is_some_and(|(first, _)| first.as_str() == key)
}

/// The hardware address of the primary network's connection, which a service may also say itself.
pub(super) fn first_address(service: &Service) -> Option<&String> {
    let first = service.networks_in_order().into_iter().next();
    service.mac_address.as_ref().or_else(|| first?.1.mac_address.as_ref())
}

/// Adds the primary network's hardware address, which the body of the container has in another place. By it is known that
/// the connection cannot be made anew as it was.
pub(super) fn with_first_address(mut endpoints: Vec<Endpoint>, service: &Service) -> Vec<Endpoint> {
    if let (Some(first), Some(address)) = (endpoints.first_mut(), first_address(service)) {
        first.settings.insert(MAC_ADDRESS.to_owned(), json!(address));
    }
    endpoints
}

/// The hardware addresses that were asked for, by network, as the container's label keeps them: an engine tells those
/// that it chose in the same way.
pub(super) fn addresses(endpoints: &[Endpoint]) -> Map<String, Value> {
    let address = |endpoint: &Endpoint| endpoint.settings.get(MAC_ADDRESS).cloned();
    endpoints.iter().filter_map(|endpoint| Some((endpoint.network.clone(), address(endpoint)?))).collect()
}

pub(super) fn endpoints(scope: &Scope<'_>, service: &Service, container: &str) -> Vec<Endpoint> {
    let links = links(scope, service);
    service
        .networks_in_order()
        .into_iter()
        .enumerate()
        .filter_map(|(place, (key, attachment))| {
            let network = scope.networks.get(key)?;
            let mut aliases = vec![container.to_owned(), service.name.clone()];
            for alias in &attachment.aliases {
                if !aliases.contains(alias) {
                    aliases.push(alias.clone());
                }
            }
            let mut settings = settings(attachment, &links);
            if let Some(address) = attachment.mac_address.as_ref().filter(|_| place > 0) {
                settings.insert(MAC_ADDRESS.to_owned(), json!(address));
            }
            Some(Endpoint { network: network.name.clone(), aliases, settings })
        })
        .collect()
}

/// The rest of the engine's `EndpointConfig`.
fn settings(attachment: &Attachment, links: &[String]) -> Map<String, Value> {
    let mut addresses = Map::new();
    if let Some(address) = attachment.ipv4_address {
        addresses.insert("IPv4Address".to_owned(), json!(address.to_string()));
    }
    if let Some(address) = attachment.ipv6_address {
        addresses.insert("IPv6Address".to_owned(), json!(address.to_string()));
    }
    if !attachment.link_local_ips.is_empty() {
        addresses.insert("LinkLocalIPs".to_owned(), json!(attachment.link_local_ips));
    }
    let mut settings = Map::new();
    if !addresses.is_empty() {
        settings.insert("IPAMConfig".to_owned(), Value::Object(addresses));
    }
    if !attachment.driver_opts.is_empty() {
        settings.insert("DriverOpts".to_owned(), json!(attachment.driver_opts));
    }
    if !links.is_empty() {
        settings.insert("Links".to_owned(), json!(links));
    }
    if let Some(priority) = attachment.gw_priority {
        settings.insert("GwPriority".to_owned(), json!(priority));
    }
    settings
}

/// `container:name` for every name that a link gives: its alias, and the names that Docker Compose gives besides.
fn links(scope: &Scope<'_>, service: &Service) -> Vec<String> {
    let mut links: Vec<String> = Vec::new();
    let mut add = |link: String| {
        if !links.contains(&link) {
            links.push(link);
        }
    };
    for link in &service.links {
        let Some(other) = scope.application.services.get(&link.service) else { continue };
        let container = container(scope.project, other, 1);
        add(format!("{container}:{}", link.alias.as_ref().unwrap_or(&link.service)));
        add(format!("{container}:{}-1", link.service));
        add(format!("{container}:{}-{}-1", scope.project, link.service));
    }
    for link in &service.external_links {
        let (container, alias) = link.split_once(':').unwrap_or((link, link));
        add(format!("{container}:{alias}"));
    }
    links
}

/// The name of a service's container with that number.
pub(super) fn container(project: &str, service: &Service, number: u32) -> String {
    service.container_name.clone().unwrap_or_else(|| format!("{project}-{}-{number}", service.name))
}
