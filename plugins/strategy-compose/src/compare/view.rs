//! A container's configuration as flat fields in the words of Compose files, from a create body or from the engine.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{host, image, mounts, process};
use crate::desired::{self, DesiredService, Endpoint};
use crate::{json as look, labels, state};

/// Field to value; what is at the engine's default is not there.
pub(super) type View = BTreeMap<String, String>;

/// Whether a field may come from the image.
pub(super) fn may_be_inherited(field: &str) -> bool {
    let group = field.split('.').next().unwrap_or_default();
    matches!(
        group,
        "environment"
            | "labels"
            | "command"
            | "entrypoint"
            | "user"
            | "working_dir"
            | "stop_signal"
            | "healthcheck"
            | "expose"
    )
}

/// The option of a connection that sets sysctls of its interface. Newer engines have in it what older ones have among
/// the container's sysctls, and the host writes the form that the engine takes.
const INTERFACE_SYSCTLS: &str = "com.docker.network.endpoint.sysctls";

/// `net.ipv4.conf.IFNAME.forwarding=1,…`, in the words of Compose files.
fn sysctls(option: &str, view: &mut View) {
    for (name, value) in option.split(',').filter_map(|sysctl| sysctl.split_once('=')) {
        view.insert(format!("sysctls.{}", name.replace(".IFNAME.", ".eth0.")), value.to_owned());
    }
}

/// A hardware address that the container does not have itself is that of its first connection, as newer engines have it.
/// Every connection has one; which was asked for is not told of containers that others made, so it is looked at only where
/// one is wanted.
pub(super) fn hardware_addresses(inspect: &Value, then: &View, now: &mut View) {
    let first = look::text(inspect, "/HostConfig/NetworkMode").unwrap_or_default();
    let networks = inspect.pointer("/NetworkSettings/Networks").and_then(Value::as_object);
    for (network, connection) in networks.into_iter().flatten() {
        let field = if *network == first { "mac_address".to_owned() } else { address_field(network) };
        if then.contains_key(&field)
            && !now.contains_key(&field)
            && let Some(address) = look::text(connection, "/MacAddress")
        {
            now.insert(field, process::hardware_address(&address));
        }
    }
}

/// The hardware address of a further connection.
fn address_field(network: &str) -> String {
    format!("networks.{network}.mac_address")
}

/// Of what should run.
pub(super) fn of_body(desired: &DesiredService, image_config: Option<&Value>) -> View {
    let config = image::merged(&desired.body, image_config.unwrap_or(&Value::Null));
    let mut view = View::new();
    process::process(&config, "", &mut view);
    let host_config = config.get("HostConfig").unwrap_or(&Value::Null);
    host::host(host_config, &mut view);
    mounts::mounts(host_config, &mut view);
    let first = look::text(host_config, "/NetworkMode").unwrap_or_default();
    networks(&desired.endpoints, &first, &desired.service.name, &desired.container, &mut view);
    view
}

/// Of a container, from `GET /containers/{id}/json`.
pub(super) fn of_container(inspect: &Value, id: &str) -> View {
    let mut view = View::new();
    let asked = inspect.pointer("/Config/Labels").and_then(|labels| labels.get(labels::ASKED)).and_then(Value::as_str);
    let host_config = &desired::as_asked(inspect.get("HostConfig").unwrap_or(&Value::Null), asked);
    let of_host = look::text(host_config, "/NetworkMode").is_some_and(|mode| mode == "host" || mode.contains(':'));
    let unset = if of_host { look::text(inspect, "/Config/Hostname").unwrap_or_default() } else { state::short(id) };
    process::process(inspect.get("Config").unwrap_or(&Value::Null), &unset, &mut view);
    host::host(host_config, &mut view);
    mounts::mounts(host_config, &mut view);
    let service = inspect.pointer("/Config/Labels").and_then(|labels| labels.get(labels::SERVICE));
    let service = service.and_then(Value::as_str).unwrap_or_default();
    let first = look::text(host_config, "/NetworkMode").unwrap_or_default();
    networks(&state::endpoints(inspect, id), &first, service, &look::name(inspect), &mut view);
    view
}

fn networks(endpoints: &[Endpoint], first: &str, service: &str, container: &str, view: &mut View) {
    for endpoint in endpoints {
        let field = format!("networks.{}", endpoint.network);
        let mut aliases: Vec<&str> = endpoint
            .aliases
            .iter()
            .map(String::as_str)
            .filter(|alias| *alias != service && *alias != container)
            .collect();
        aliases.sort_unstable();
        aliases.dedup();
        view.insert(field.clone(), aliases.join(","));
        let settings = Value::Object(endpoint.settings.clone());
        for (key, name) in [("IPv4Address", "ipv4_address"), ("IPv6Address", "ipv6_address")] {
            if let Some(address) = look::text(&settings, &format!("/IPAMConfig/{key}")) {
                view.insert(format!("{field}.{name}"), address);
            }
        }
        for (key, name) in [("/IPAMConfig/LinkLocalIPs", "link_local_ips"), ("/Links", "links")] {
            let mut texts = look::texts(&settings, key);
            texts.sort();
            texts.dedup();
            if !texts.is_empty() {
                view.insert(format!("{field}.{name}"), texts.join(","));
            }
        }
        // That of the first is the container's own.
        if endpoint.network != first
            && let Some(address) = look::text(&settings, "/MacAddress")
        {
            view.insert(address_field(&endpoint.network), process::hardware_address(&address));
        }
        let priority = look::number(&settings, "/GwPriority");
        if priority != 0 {
            view.insert(format!("{field}.gw_priority"), priority.to_string());
        }
        for (key, value) in look::pairs(&settings, "/DriverOpts") {
            if key == INTERFACE_SYSCTLS {
                sysctls(&value, view);
                continue;
            }
            view.insert(format!("{field}.driver_opts.{key}"), value);
        }
    }
}
