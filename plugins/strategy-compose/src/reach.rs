//! Whether a container that runs can be reached: its networks, its names there, its published ports.
//!
//! Pure, but for asking about a network where that decides. An engine says `running` also of a container that lost its
//! networks: a person or a program disconnected it, or the engine started it again after a start that failed. Nothing
//! is said of containers that do not run.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};

use crate::desired::{Endpoint, MAC_ADDRESS};
use crate::json;

/// What a running container lacks of what it should have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lack {
    /// Networks that it is not connected to.
    pub(crate) networks: Vec<String>,
    /// A network, and the names that it should have there and has not.
    pub(crate) names: Vec<(String, Vec<String>)>,
    /// Ports of the container that should be published and are not: `80/tcp`.
    pub(crate) ports: Vec<String>,
}

impl Lack {
    pub(crate) fn is_nothing(&self) -> bool {
        self.networks.is_empty() && self.names.is_empty() && self.ports.is_empty()
    }

    /// Whether connecting it to these networks is all that it needs. A hardware address is given with the container alone:
    /// engines choose another one when they connect it.
    pub(crate) fn is_repaired_by(&self, endpoints: &[Endpoint]) -> bool {
        let is_plain = |endpoint: &Endpoint| !endpoint.settings.contains_key(MAC_ADDRESS);
        let known = |name: &String| endpoints.iter().any(|endpoint| endpoint.network == *name && is_plain(endpoint));
        self.ports.is_empty() && self.networks.iter().all(known)
    }
}

/// `is not connected to the network x and does not publish its port 80/tcp`: what "it runs, but" may stand before.
impl fmt::Display for Lack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.networks.is_empty() {
            let word = if self.networks.len() == 1 { "network" } else { "networks" };
            parts.push(format!("is not connected to the {word} {}", self.networks.join(", ")));
        }
        for (network, names) in &self.names {
            parts.push(format!("is not found by the name {} on the network {network}", names.join(", ")));
        }
        if !self.ports.is_empty() {
            let word = if self.ports.len() == 1 { "port" } else { "ports" };
            parts.push(format!("does not publish its {word} {}", self.ports.join(", ")));
        }
        formatter.write_str(&parts.join(" and "))
    }
}

/// What a container lacks. `wanted` are the connections that it should have, as far as they are known; besides, it must
/// have the one that its own configuration names. `network` looks a network up.
pub(crate) fn lack(inspect: &Value, wanted: &[Endpoint], network: &dyn Fn(&str) -> Option<Value>) -> Lack {
    let mut lack = Lack::default();
    if json::text(inspect, "/State/Status").as_deref() != Some("running") {
        return lack;
    }
    lack.networks = absent(inspect, wanted).map(|endpoint| endpoint.network.clone()).collect();
    if let Some(own) = own_network(inspect)
        && !lack.networks.contains(&own)
    {
        lack.networks.push(own);
    }
    let name = json::text(inspect, "/Name").unwrap_or_default();
    for endpoint in wanted.iter().filter(|endpoint| !lack.networks.contains(&endpoint.network)) {
        let has = names(inspect, &endpoint.network);
        // The engine itself answers to a container's name.
        let is_missing = |alias: &&String| !has.contains(alias) && **alias != name.trim_start_matches('/');
        let missing: Vec<String> = endpoint.aliases.iter().filter(is_missing).cloned().collect();
        if !missing.is_empty() {
            lack.names.push((endpoint.network.clone(), missing));
        }
    }
    // Without networks there are no ports either; that is said once.
    if lack.networks.is_empty() {
        let ports = unpublished(inspect);
        if !ports.is_empty() && may_publish(inspect, network) {
            lack.ports = ports;
        }
    }
    lack
}

/// Connections that a container has not. Of one that does not run, those that it would not have once it ran.
pub(crate) fn absent<'a>(inspect: &Value, wanted: &'a [Endpoint]) -> impl Iterator<Item = &'a Endpoint> {
    let runs = json::text(inspect, "/State/Status").as_deref() == Some("running");
    let networks = inspect.pointer("/NetworkSettings/Networks").cloned().unwrap_or_default();
    wanted.iter().filter(move |endpoint| networks.get(&endpoint.network).is_none_or(|one| runs && !is_connected(one)))
}

/// The networks that a container is connected to, of an engine's map.
pub(crate) fn connected(networks: &Map<String, Value>) -> BTreeSet<String> {
    networks.iter().filter(|(_, one)| is_connected(one)).map(|(name, _)| name.clone()).collect()
}

/// Whether an engine's entry of a network is a connection that is there; each engine fills other fields.
fn is_connected(endpoint: &Value) -> bool {
    ["/EndpointID", "/IPAddress", "/GlobalIPv6Address", "/MacAddress"]
        .iter()
        .any(|field| json::text(endpoint, field).is_some())
}

/// The network that the container's own configuration names, where it is not connected to it.
fn own_network(inspect: &Value) -> Option<String> {
    let mode = json::text(inspect, "/HostConfig/NetworkMode")?;
    let networks = inspect.pointer("/NetworkSettings/Networks").and_then(Value::as_object);
    let has = |name: &str| networks.and_then(|all| all.get(name)).is_some_and(is_connected);
    let has_any = || networks.is_some_and(|all| all.values().any(is_connected));
    let is_there = match mode.as_str() {
        "host" | "none" => true,
        // Engines name the network that is meant in several ways.
        "bridge" | "default" => has_any(),
        mode if mode.contains(':') => true,
        // The configuration may have the network's id.
        mode => has(mode) || has_id(networks, mode),
    };
    (!is_there).then_some(mode)
}

fn has_id(networks: Option<&Map<String, Value>>, id: &str) -> bool {
    networks.is_some_and(|all| {
        all.values().any(|one| is_connected(one) && json::text(one, "/NetworkID").as_deref() == Some(id))
    })
}

fn names(inspect: &Value, network: &str) -> Vec<String> {
    let endpoint = inspect.pointer("/NetworkSettings/Networks").and_then(|networks| networks.get(network));
    let Some(endpoint) = endpoint else { return Vec::new() };
    [json::texts(endpoint, "/Aliases"), json::texts(endpoint, "/DNSNames")].concat()
}

/// Ports that the configuration publishes and the engine does not.
fn unpublished(inspect: &Value) -> Vec<String> {
    let has_any = |port: Option<&Value>| port.and_then(Value::as_array).is_some_and(|bound| !bound.is_empty());
    let wanted = inspect.pointer("/HostConfig/PortBindings").and_then(Value::as_object);
    let bound = inspect.pointer("/NetworkSettings/Ports");
    wanted
        .into_iter()
        .flatten()
        .filter(|(port, hosts)| has_any(Some(hosts)) && !has_any(bound.and_then(|bound| bound.get(port.as_str()))))
        .map(|(port, _)| port.clone())
        .collect()
}

/// Whether one of its networks is of a kind on which the engine publishes ports. What cannot be looked up counts as one
/// on which it does not.
fn may_publish(inspect: &Value, network: &dyn Fn(&str) -> Option<Value>) -> bool {
    let mode = json::text(inspect, "/HostConfig/NetworkMode").unwrap_or_default();
    if matches!(mode.as_str(), "host" | "none") || mode.starts_with("container:") {
        return false;
    }
    let networks = inspect.pointer("/NetworkSettings/Networks").and_then(Value::as_object);
    networks.into_iter().flatten().any(|(name, _)| name == "bridge" || network(name).as_ref().is_some_and(publishes))
}

fn publishes(network: &Value) -> bool {
    let options = json::pairs(network, "/Options");
    let mode = options.get("com.docker.network.bridge.gateway_mode_ipv4").map(String::as_str);
    json::text(network, "/Driver").as_deref() == Some("bridge")
        && network.get("Internal").and_then(Value::as_bool) != Some(true)
        && !matches!(mode, Some("routed" | "isolated"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wanted(network: &str, aliases: &[&str]) -> Endpoint {
        let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        Endpoint { network: network.to_owned(), aliases, settings: Map::new() }
    }

    fn running(mode: &str, networks: impl Into<Value>, ports: impl Into<Value>) -> Value {
        let (networks, ports): (Value, Value) = (networks.into(), ports.into());
        json!({
            "Name": "/app-web-1",
            "State": { "Status": "running" },
            "HostConfig": { "NetworkMode": mode, "PortBindings": { "80/tcp": [{ "HostPort": "8080" }] } },
            "NetworkSettings": { "Networks": networks, "Ports": ports },
        })
    }

    #[test]
    fn what_a_running_container_lacks() {
        let bridge = |_: &str| Some(json!({ "Driver": "bridge", "Internal": false }));
        let bound = || json!({ "80/tcp": [{ "HostIp": "0.0.0.0", "HostPort": "8080" }] });
        let front = |aliases: &[&str]| json!({ "front": { "EndpointID": "e1", "Aliases": aliases } });
        let table = [
            (running("front", front(&["web"]), bound()), ""),
            // The engine answers to the container's name in any case.
            (running("front", front(&["web", "0123456789ab"]), bound()), ""),
            (running("front", json!({}), json!({})), "is not connected to the network front"),
            (running("front", Value::Null, Value::Null), "is not connected to the network front"),
            (
                running("front", json!({ "front": { "EndpointID": "", "Aliases": ["web"] } }), json!({})),
                "is not connected to the network front",
            ),
            (running("front", front(&[]), bound()), "is not found by the name web on the network front"),
            (running("front", front(&["web"]), json!({ "80/tcp": null })), "does not publish its port 80/tcp"),
            (running("front", front(&["web"]), json!({})), "does not publish its port 80/tcp"),
            // An engine that gives no ids of connections.
            (running("front", json!({ "front": { "IPAddress": "10.0.0.2", "Aliases": ["web"] } }), bound()), ""),
        ];
        for (inspect, expected) in table {
            let found = lack(&inspect, &[wanted("front", &["app-web-1", "web"])], &bridge);
            assert_eq!(found.to_string(), expected, "{inspect}");
        }
    }

    #[test]
    fn what_has_no_networks_of_its_own_and_what_does_not_run_lacks_nothing() {
        let bridge = |_: &str| Some(json!({ "Driver": "bridge" }));
        for mode in ["host", "none", "container:0123"] {
            assert!(lack(&running(mode, json!({}), json!({})), &[], &bridge).is_nothing(), "{mode}");
        }
        let mut stopped = running("front", json!({}), json!({}));
        stopped["State"]["Status"] = json!("exited");
        assert!(lack(&stopped, &[wanted("front", &["web"])], &bridge).is_nothing());
        assert_eq!(absent(&stopped, &[wanted("front", &["web"])]).count(), 1, "it would lack it once it ran");
        assert_eq!(lack(&running("bridge", json!({}), json!({})), &[], &bridge).networks, ["bridge"]);
    }

    #[test]
    fn ports_count_where_the_engine_publishes_them() {
        let inspect = running("front", json!({ "front": { "EndpointID": "e1" } }), json!({}));
        let networks = [
            (json!({ "Driver": "bridge", "Internal": false }), false),
            (json!({ "Driver": "bridge", "Internal": true }), true),
            (json!({ "Driver": "macvlan" }), true),
            (
                json!({ "Driver": "bridge", "Options": { "com.docker.network.bridge.gateway_mode_ipv4": "routed" } }),
                true,
            ),
        ];
        for (network, is_nothing) in networks {
            let found = lack(&inspect, &[], &|_| Some(network.clone()));
            assert_eq!(found.is_nothing(), is_nothing, "{network}");
        }
        assert!(lack(&inspect, &[], &|_| None).is_nothing(), "what cannot be looked up is not held against it");
    }
}
