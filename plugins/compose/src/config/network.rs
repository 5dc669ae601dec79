//! Networks and volumes.

use serde_json::{Value, json};

use super::{Place, Shown};
use crate::{Attachment, Network, Pool, Volume};

pub(super) fn network(place: &Place<'_>, key: &str, network: &Network) -> Value {
    let mut shown = Shown::default();
    shown.put("name", Some(place.name(network.name.as_ref(), key)));
    shown.put("driver", network.driver.clone().map(Value::String));
    shown.some("driver_opts", json!(network.driver_opts));
    let mut ipam = Shown::default();
    ipam.put("driver", network.ipam.driver.clone().map(Value::String));
    ipam.some("config", network.ipam.pools.iter().map(pool).collect());
    shown.put("ipam", Some(ipam.value()));
    shown.some("external", json!(network.external));
    shown.some("internal", json!(network.internal));
    shown.some("attachable", json!(network.attachable));
    shown.put("enable_ipv4", network.enable_ipv4.map(Value::Bool));
    shown.put("enable_ipv6", network.enable_ipv6.map(Value::Bool));
    shown.some("labels", json!(network.labels));
    shown.value()
}

fn pool(pool: &Pool) -> Value {
    let mut shown = Shown::default();
    shown.put("subnet", pool.subnet.clone().map(Value::String));
    shown.put("gateway", pool.gateway.clone().map(Value::String));
    shown.put("ip_range", pool.ip_range.clone().map(Value::String));
    shown.some("aux_addresses", json!(pool.aux_addresses));
    shown.value()
}

pub(super) fn volume(place: &Place<'_>, key: &str, volume: &Volume) -> Value {
    let mut shown = Shown::default();
    shown.put("name", Some(place.name(volume.name.as_ref(), key)));
    shown.put("driver", volume.driver.clone().map(Value::String));
    shown.some("driver_opts", json!(volume.driver_opts));
    shown.some("external", json!(volume.external));
    shown.some("labels", json!(volume.labels));
    shown.value()
}

/// How a service is attached; null where the file says only the network's name.
pub(super) fn attachment(attachment: &Attachment) -> Value {
    if attachment.is_plain {
        return Value::Null;
    }
    let mut shown = Shown::default();
    shown.some("priority", json!(attachment.priority));
    shown.put("gw_priority", attachment.gw_priority.map(|priority| json!(priority)));
    shown.some("aliases", json!(attachment.aliases));
    shown.put("ipv4_address", attachment.ipv4_address.map(|address| json!(address.to_string())));
    shown.put("ipv6_address", attachment.ipv6_address.map(|address| json!(address.to_string())));
    shown.some("link_local_ips", json!(attachment.link_local_ips));
    shown.put("mac_address", attachment.mac_address.clone().map(Value::String));
    shown.some("driver_opts", json!(attachment.driver_opts));
    shown.value()
}
