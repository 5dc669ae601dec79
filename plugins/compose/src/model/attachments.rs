//! `networks` of a service: what it is attached to, and how.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Context, Service, keys, names};
use crate::Position;
use crate::read::Fields;
use crate::yaml::Node;

/// How a service is attached to a network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attachment {
    /// Further names of the service there.
    pub aliases: Vec<String>,
    /// A fixed address.
    pub ipv4_address: Option<Ipv4Addr>,
    /// A fixed address.
    pub ipv6_address: Option<Ipv6Addr>,
    /// Further addresses that hold on the link only.
    pub link_local_ips: Vec<String>,
    /// The hardware address there.
    pub mac_address: Option<String>,
    /// Networks of a higher priority are connected first.
    pub priority: i64,
    /// The network of the highest one has the default route. Needs an engine of API 1.48.
    pub gw_priority: Option<i64>,
    /// Options of the driver.
    pub driver_opts: BTreeMap<String, String>,
    /// Whether the file says anything about it besides its name.
    pub is_plain: bool,
    /// Where it was written; none for the default network.
    pub position: Option<Position>,
}

impl Service {
    /// Its networks in the order in which a container is connected: by priority, then by key. The first one is the
    /// container's primary network.
    #[must_use]
    pub fn networks_in_order(&self) -> Vec<(&String, &Attachment)> {
        let mut networks: Vec<_> = self.networks.iter().collect();
        networks.sort_by_key(|(key, attachment)| (Reverse(attachment.priority), (*key).clone()));
        networks
    }
}

/// The networks of a service.
pub(super) fn read(context: &Context<'_>, node: &Node, path: &str) -> BTreeMap<String, Attachment> {
    let mut attached = BTreeMap::new();
    // A list that has no items stays one.
    if matches!(&node.value, crate::yaml::Value::Sequence(items) if items.is_empty()) {
        return attached;
    }
    let Some(mapping) = context.report.mapping(node, &path) else { return attached };
    for entry in &mapping.entries {
        let path = format!("{path}.{}", entry.key);
        let mut attachment =
            Attachment { position: Some(entry.position.clone()), is_plain: true, ..Attachment::default() };
        if !entry.value.is_null()
            && let Some(mapping) = context.report.mapping(&entry.value, &path)
        {
            let mut fields = Fields::new(context.report, mapping, path);
            attachment.is_plain = false;
            attachment.aliases = fields.strings("aliases");
            attachment.ipv4_address = fields.parsed_string("ipv4_address", address).flatten();
            attachment.ipv6_address = fields.parsed_string("ipv6_address", address).flatten();
            attachment.link_local_ips = fields.strings("link_local_ips");
            attachment.mac_address =
                fields.parsed_string("mac_address", names::mac_address).filter(|address| !address.is_empty());
            attachment.priority = fields.number("priority").unwrap_or(0);
            attachment.gw_priority = fields.number("gw_priority").filter(|priority| *priority != 0);
            attachment.driver_opts = fields.options("driver_opts", false);
            for local in &attachment.link_local_ips {
                if local.parse::<IpAddr>().is_err() {
                    let path = fields.path("link_local_ips").to_string();
                    context.report.at(&entry.position, format!("`{path}`: `{local}` is not an IP address"));
                }
            }
            fields.finish(&keys::ATTACHMENT);
        }
        attached.insert(entry.key.clone(), attachment);
    }
    attached
}

/// An address; an empty text says nothing.
fn address<T: std::str::FromStr>(text: &str) -> Result<Option<T>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| format!("`{text}` is not such an address"))
}
