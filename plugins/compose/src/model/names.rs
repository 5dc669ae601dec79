//! Names: of the host that a container believes to be, and of others that it can look up.

use std::net::IpAddr;

use super::Context;
use crate::read::Fields;
use crate::yaml::Node;

/// `dns`, `dns_opt` and `dns_search`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dns {
    /// Addresses of servers.
    pub servers: Vec<String>,
    /// Options of the resolver.
    pub options: Vec<String>,
    /// Domains that short names are looked up in.
    pub search: Vec<String>,
}

pub(super) fn dns(fields: &mut Fields<'_>) -> Dns {
    fields.with("dns", |report, node, path| {
        for server in report.strings(node, path, true) {
            if !server.is_empty() && server.parse::<IpAddr>().is_err() {
                report.at(&node.position, format!("`{path}`: `{server}` is not an IP address"));
            }
        }
    });
    Dns {
        // An empty one comes from a variable that is not set, and says nothing.
        servers: fields.one_or_more("dns").into_iter().filter(|server| !server.is_empty()).collect(),
        options: fields.strings("dns_opt"),
        search: fields.one_or_more("dns_search"),
    }
}

/// `extra_hosts`: `host:address` from the list or the mapping, in the form that the engine takes. An item of the list
/// may have several addresses, a value of the mapping may be a list of them.
pub(super) fn extra_hosts(context: &Context<'_>, node: &Node, path: &str) -> Vec<String> {
    let mut hosts = Vec::new();
    if let Some(mapping) = node.as_mapping() {
        for entry in &mapping.entries {
            for address in context.report.strings(&entry.value, &format!("{path}.{}", entry.key), true) {
                hosts.push(format!("{}:{}", entry.key, unbracketed(&address)));
            }
        }
        return hosts;
    }
    let items = context.report.items(node, &path);
    context.report.unique(node, &path, items.iter().filter_map(Node::as_text).collect());
    for item in items {
        let host = context.report.parsed_string(item, &path, |text| {
            let (host, addresses) = text
                .split_once('=')
                .or_else(|| text.split_once(':'))
                .filter(|(host, _)| !host.is_empty())
                .ok_or_else(|| format!("`{text}` is not `host=address`"))?;
            let each = addresses.split(',').map(|address| format!("{host}:{}", unbracketed(address)));
            Ok(each.collect::<Vec<_>>())
        });
        hosts.extend(host.into_iter().flatten());
    }
    hosts
}

fn unbracketed(address: &str) -> &str {
    address.strip_prefix('[').and_then(|address| address.strip_suffix(']')).unwrap_or(address)
}

/// A hardware address: six bytes in hexadecimal, with colons or hyphens. An empty one says nothing.
pub(super) fn mac_address(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let parts: Vec<&str> = text.split([':', '-']).collect();
    let is_byte = |part: &&str| part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit());
    if matches!(parts.len(), 6 | 8) && parts.iter().all(is_byte) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not a hardware address such as `02:42:ac:11:00:02`"))
    }
}
