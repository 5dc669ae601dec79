//! The place of a field in a container's body, which depends on the version of the engine's API.
//!
//! Plugins write one form, and need not know the version: a hardware address and sysctls of an interface stand in the
//! container, as a Compose file says them. Engines want them there or in the container's first connection:
//!
//! | what | in the container | in the connection |
//! | --- | --- | --- |
//! | `MacAddress` | before 1.44 | from 1.44 |
//! | `net.ipv4.conf.eth0.…` | before 1.46 | from 1.46; later ones refuse the other form |
//!
//! The library's type has no hardware address of the container, so on the way to it the address is in the connection.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The option of a connection that sets sysctls of its interface: `NAME=VALUE`, separated by commas, with `IFNAME` in
/// the place of the interface's name.
pub(super) const INTERFACE_SYSCTLS: &str = "com.docker.network.endpoint.sysctls";
/// The interface of the first connection, which alone has a name that is known before.
const FIRST: &str = "eth0";
/// The field of a hardware address.
const ADDRESS: &str = "MacAddress";

/// Puts the container's hardware address where the library's type has a place for it: into the first connection.
pub(super) fn address_to_connection(body: &mut Value) {
    let Some(address) = body.as_object_mut().and_then(|body| body.remove(ADDRESS)) else { return };
    if address.as_str().is_some_and(|address| !address.is_empty())
        && let Some(connection) = first_connection(body)
    {
        connection.insert(ADDRESS.to_owned(), address);
    }
}

/// Names the images that are mounted by their ids. Names may change their meaning; and engines make a directory of what
/// an image is called here, which Docker 28 does not find again where the name has a slash.
pub(super) fn images_by_id(body: &mut Value, ids: &BTreeMap<String, String>) {
    for mount in body.pointer_mut("/HostConfig/Mounts").and_then(Value::as_array_mut).into_iter().flatten() {
        let is_image = mount.get("Type").and_then(Value::as_str) == Some("image");
        if let Some(id) = mount.get("Source").and_then(Value::as_str).and_then(|source| ids.get(source))
            && is_image
        {
            mount["Source"] = json!(id);
        }
    }
}

/// Gives a body of `POST /containers/create` the form of a version of the API.
pub(super) fn for_version(body: &mut Value, version: (usize, usize)) {
    if version < (1, 44) {
        address_to_container(body);
    }
    if version >= (1, 46) {
        sysctls_to_connection(body);
    }
}

fn address_to_container(body: &mut Value) {
    let network = first_network(body);
    let connections = body.pointer_mut("/NetworkingConfig/EndpointsConfig").and_then(Value::as_object_mut);
    let connection = connections.and_then(|all| all.get_mut(&network)).and_then(Value::as_object_mut);
    let Some(address) = connection.and_then(|connection| connection.remove(ADDRESS)) else { return };
    if let Some(body) = body.as_object_mut() {
        body.insert(ADDRESS.to_owned(), address);
    }
}

fn sysctls_to_connection(body: &mut Value) {
    let Some(sysctls) = body.pointer_mut("/HostConfig/Sysctls").and_then(Value::as_object_mut) else { return };
    let names: Vec<String> = sysctls.keys().filter(|name| of_connection(name).is_some()).cloned().collect();
    let mut moved: Vec<String> = names
        .iter()
        .filter_map(|name| Some(format!("{}={}", of_connection(name)?, sysctls.remove(name)?.as_str()?)))
        .collect();
    moved.sort();
    if moved.is_empty() {
        return;
    }
    let Some(connection) = first_connection(body) else { return };
    let options = connection.entry("DriverOpts").or_insert_with(|| json!({}));
    if options.is_null() {
        *options = json!({});
    }
    if let Some(options) = options.as_object_mut() {
        let before = options.get(INTERFACE_SYSCTLS).and_then(Value::as_str).filter(|text| !text.is_empty());
        moved.splice(0..0, before.map(str::to_owned));
        options.insert(INTERFACE_SYSCTLS.to_owned(), Value::String(moved.join(",")));
    }
}

/// `net.ipv4.conf.eth0.forwarding` as a connection has it; none for a sysctl that is not of the first interface.
fn of_connection(name: &str) -> Option<String> {
    let parts: Vec<&str> = name.splitn(5, '.').collect();
    match parts.as_slice() {
        ["net", family, kind, FIRST, rest] => Some(format!("net.{family}.{kind}.IFNAME.{rest}")),
        _ => None,
    }
}

/// The settings of the container's first connection, which the body may leave out.
fn first_connection(body: &mut Value) -> Option<&mut Map<String, Value>> {
    let network = first_network(body);
    let mut here = body.as_object_mut()?;
    for key in ["NetworkingConfig", "EndpointsConfig", &network] {
        let next = here.entry(key).or_insert_with(|| json!({}));
        if next.is_null() {
            *next = json!({});
        }
        here = next.as_object_mut()?;
    }
    Some(here)
}

fn first_network(body: &Value) -> String {
    let network = body.pointer("/HostConfig/NetworkMode").and_then(Value::as_str).filter(|mode| !mode.is_empty());
    network.unwrap_or("default").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: &str = "02:42:ac:11:00:07";

    fn body() -> Value {
        json!({
            "MacAddress": MAC,
            "HostConfig": {
                "NetworkMode": "front",
                "Sysctls": { "net.ipv4.conf.eth0.forwarding": "1", "net.ipv4.conf.all.forwarding": "0" },
            },
            "NetworkingConfig": { "EndpointsConfig": { "front": { "Aliases": ["web"] } } },
        })
    }

    fn sent(version: (usize, usize)) -> Value {
        let mut body = body();
        address_to_connection(&mut body);
        for_version(&mut body, version);
        body
    }

    #[test]
    fn old_engines_have_both_in_the_container() {
        for version in [(1, 41), (1, 43)] {
            assert_eq!(sent(version), body(), "{version:?}");
        }
    }

    #[test]
    fn a_hardware_address_is_of_the_first_connection_from_144_on() {
        for version in [(1, 44), (1, 45)] {
            let sent = sent(version);
            assert_eq!(sent.get("MacAddress"), None, "{version:?}");
            assert_eq!(
                sent["NetworkingConfig"]["EndpointsConfig"],
                json!({ "front": { "Aliases": ["web"], "MacAddress": MAC } })
            );
            assert_eq!(sent["HostConfig"], body()["HostConfig"]);
        }
    }

    #[test]
    fn sysctls_of_an_interface_are_of_the_first_connection_from_146_on() {
        for version in [(1, 46), (1, 52)] {
            let sent = sent(version);
            assert_eq!(sent["HostConfig"]["Sysctls"], json!({ "net.ipv4.conf.all.forwarding": "0" }), "{version:?}");
            let option = &sent["NetworkingConfig"]["EndpointsConfig"]["front"]["DriverOpts"][INTERFACE_SYSCTLS];
            assert_eq!(option, "net.ipv4.conf.IFNAME.forwarding=1");
        }
        let mut given = body();
        given["NetworkingConfig"]["EndpointsConfig"]["front"]["DriverOpts"] =
            json!({ INTERFACE_SYSCTLS: "net.ipv6.conf.IFNAME.accept_ra=0" });
        for_version(&mut given, (1, 48));
        assert_eq!(
            given["NetworkingConfig"]["EndpointsConfig"]["front"]["DriverOpts"][INTERFACE_SYSCTLS],
            "net.ipv6.conf.IFNAME.accept_ra=0,net.ipv4.conf.IFNAME.forwarding=1"
        );
    }

    #[test]
    fn what_says_neither_stays_as_it_is() {
        for version in [(1, 41), (1, 44), (1, 48)] {
            let plain = json!({ "Image": "web", "HostConfig": { "Sysctls": { "net.core.somaxconn": "1" } } });
            let mut body = plain.clone();
            address_to_connection(&mut body);
            for_version(&mut body, version);
            assert_eq!(body, plain, "{version:?}");
        }
    }
}
