//! The addresses that networks and containers may have. This module only decides; its caller knows which addresses are
//! taken already.
//!
//! A network is a route of the host: a plugin that chooses its range chooses whose traffic arrives there. So without a
//! grant a range is private (RFC 1918, RFC 4193), and nothing that the host reaches lies in it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use serde_json::{Map, Value};
use windlass_domain::Failure;
use windlass_foundation::addresses::{METADATA, address, range};

use super::fields::{is_nothing, is_unset, object, text};
use super::{Policy, hinted};

/// The ranges that any network may have without a grant.
const PRIVATE: [IpNet; 4] = [v4([10, 0, 0, 0], 8), v4([172, 16, 0, 0], 12), v4([192, 168, 0, 0], 16), v6(0xfc00, 0, 7)];

/// Names of ranges that people know, for messages (the IANA special-purpose address registries).
const KNOWN: [(IpNet, &str); 15] = [
    (v4([0, 0, 0, 0], 8), "addresses of no host"),
    (v4([127, 0, 0, 0], 8), "loopback"),
    (v4([169, 254, 0, 0], 16), "link-local"),
    (v4([100, 64, 0, 0], 10), "shared by providers (RFC 6598)"),
    (v4([192, 0, 2, 0], 24), "for documentation"),
    (v4([198, 51, 100, 0], 24), "for documentation"),
    (v4([203, 0, 113, 0], 24), "for documentation"),
    (v4([198, 18, 0, 0], 15), "for benchmarks"),
    (v4([224, 0, 0, 0], 4), "multicast"),
    (v4([240, 0, 0, 0], 4), "reserved"),
    (v6(0, 0, 96), "loopback and reserved"),
    (v6(0xfe80, 0, 10), "link-local"),
    (v6(0xff00, 0, 8), "multicast"),
    (v6(0x2001, 0xdb8, 32), "for documentation"),
    (v6(0x64, 0xff9b, 32), "IPv4 behind NAT64"),
];

const POOL_FIELDS: &[&str] = &["Subnet", "IPRange", "Gateway", "AuxiliaryAddresses"];

/// A range that something has already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Occupied {
    /// The range; a single address where it is one.
    pub(crate) range: IpNet,
    /// What has it, for people: `the host's route 10.0.0.0/8 on eth0`.
    pub(crate) what: String,
}

/// What a body of `POST /networks/create` says about addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The ranges of the network.
    pub(crate) subnets: Vec<IpNet>,
    /// The host's address at which ports are published unless a container says otherwise.
    pub(crate) binding: Option<IpAddr>,
}

const fn v4([a, b, c, d]: [u8; 4], length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length))
}

const fn v6(first: u16, second: u16, length: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), length))
}

/// Whether two ranges have an address in common.
fn overlap(left: &IpNet, right: &IpNet) -> bool {
    left.contains(right) || right.contains(left)
}

/// What a range is that is not private.
fn kind(range: &IpNet) -> &'static str {
    KNOWN.iter().find(|(known, _)| known.contains(range)).map_or("public", |(_, name)| name)
}

fn in_field<T>(field: &str, parsed: Result<T, String>) -> Result<T, Failure> {
    parsed.map_err(|why| hinted("invalid-argument", format!("`{field}`: {why}"), "correct the network's addresses"))
}

/// `com.docker.network.bridge.host_binding_ipv4`: none where every host has it.
pub(super) fn binding(field: &str, value: &Value) -> Result<Option<IpAddr>, Failure> {
    let binding = in_field(field, address(text(field, value)?))?;
    Ok((!binding.is_unspecified() && !binding.is_loopback()).then_some(binding))
}

/// Whether a fixed address is one of the network's own.
pub(crate) fn is_in(field: &str, address: IpAddr, network: &str, subnets: &[IpNet]) -> Result<(), Failure> {
    if subnets.iter().any(|subnet| subnet.contains(&address)) {
        return Ok(());
    }
    let list: Vec<String> = subnets.iter().map(ToString::to_string).collect();
    let list = if list.is_empty() { "no range of its own".to_owned() } else { list.join(", ") };
    in_field(field, Err(format!("{address} is not in the network `{network}`, which has {list}")))
}

impl Policy<'_> {
    fn is_granted(&self, range: &IpNet) -> bool {
        self.grant.subnets.iter().any(|granted| granted.contains(range))
    }

    /// Judges an entry of `IPAM.Config`: a range that any network may have, and addresses in it.
    pub(super) fn pool(&self, pool: &Map<String, Value>) -> Result<Option<IpNet>, Failure> {
        if let Some(name) = pool.keys().find(|name| !POOL_FIELDS.contains(&name.as_str())) {
            return Err(self.unknown(&format!("IPAM.Config.{name}"), POOL_FIELDS));
        }
        let said = |name: &str| pool.get(name).filter(|value| !is_nothing(value));
        let field = |name: &str| format!("IPAM.Config.{name}");
        let Some(subnet) = said("Subnet") else {
            let Some(name) = POOL_FIELDS.iter().find(|name| said(name).is_some()) else { return Ok(None) };
            return in_field(&field(name), Err("it needs a `Subnet` that it lies in".to_owned()));
        };
        let subnet = in_field(&field("Subnet"), range(text(&field("Subnet"), subnet)?))?;
        self.is_for_networks(&field("Subnet"), subnet)?;
        let outside = |what: &dyn std::fmt::Display| Err(format!("{what} is not in the subnet {subnet}"));
        if let Some(part) = said("IPRange") {
            let part = in_field(&field("IPRange"), range(text(&field("IPRange"), part)?))?;
            if !subnet.contains(&part) {
                return in_field(&field("IPRange"), outside(&part));
            }
        }
        let others =
            said("AuxiliaryAddresses").map(|others| object(&field("AuxiliaryAddresses"), others)).transpose()?;
        let others = others.into_iter().flatten().map(|(name, value)| (format!("AuxiliaryAddresses.{name}"), value));
        for (name, value) in said("Gateway").map(|value| ("Gateway".to_owned(), value)).into_iter().chain(others) {
            let one = in_field(&field(&name), address(text(&field(&name), value)?))?;
            if !subnet.contains(&one) {
                return in_field(&field(&name), outside(&one));
            }
        }
        Ok(Some(subnet))
    }

    /// Whether networks may have the range: a private one, or one that is granted.
    pub(crate) fn is_for_networks(&self, field: &str, range: IpNet) -> Result<(), Failure> {
        if self.is_granted(&range) || PRIVATE.iter().any(|private| private.contains(&range)) {
            return Ok(());
        }
        let why = format!("its addresses are {}, and networks have private ones (RFC 1918, RFC 4193)", kind(&range));
        self.require_subnet(field, range, &why)
    }

    /// Whether nothing else has any of the range, or the operator granted it all the same.
    pub(crate) fn is_free<'o>(
        &self,
        field: &str,
        range: IpNet,
        mut occupied: impl Iterator<Item = &'o Occupied>,
    ) -> Result<(), Failure> {
        if self.is_granted(&range) {
            return Ok(());
        }
        if let Some(metadata) = METADATA.iter().find(|address| range.contains(*address)) {
            let why = format!("it has the address {metadata}, where clouds hand out credentials");
            return self.require_subnet(field, range, &why);
        }
        match occupied.find(|occupied| overlap(&occupied.range, &range)) {
            Some(occupied) => self.require_subnet(field, range, &format!("it overlaps {}", occupied.what)),
            None => Ok(()),
        }
    }

    /// Whether every range is granted, so that it need not be checked what else uses it.
    pub(crate) fn are_granted(&self, wanted: &Wanted) -> bool {
        wanted.binding.is_none() && wanted.subnets.iter().all(|range| self.is_granted(range))
    }

    /// An address of the host at which ports are published.
    pub(crate) fn is_of_the_host(&self, binding: IpAddr, own: &[IpAddr]) -> Result<(), Failure> {
        if own.contains(&binding) || self.is_granted(&binding.into()) {
            return Ok(());
        }
        let field = "Options.com.docker.network.bridge.host_binding_ipv4";
        self.require_subnet(field, binding.into(), "it is not an address of this host")
    }

    /// `IPAMConfig` of an endpoint: the fixed addresses, each with its field. They must lie in the network, which the
    /// caller knows.
    pub(super) fn fixed(&self, field: &str, value: &Value) -> Result<Vec<(String, IpAddr)>, Failure> {
        let mut addresses = Vec::new();
        for (name, value) in object(field, value)? {
            let field = format!("{field}.{name}");
            match name.as_str() {
                _ if is_unset(value) => {}
                "IPv4Address" | "IPv6Address" => {
                    let address = in_field(&field, address(text(&field, value)?))?;
                    if address.is_ipv4() != (name == "IPv4Address") {
                        return in_field(&field, Err(format!("{address} is an address of the other kind")));
                    }
                    addresses.push((field, address));
                }
                "LinkLocalIPs" => {
                    for one in super::fields::texts(&field, value)? {
                        // They lie in no range of the network, and are not private.
                        let address = in_field(&field, address(one))?;
                        if !self.is_granted(&address.into()) {
                            let why = format!("its addresses are {}", kind(&address.into()));
                            self.require_subnet(&field, address.into(), &why)?;
                        }
                    }
                }
                _ => return Err(self.unknown(&field, &["IPv4Address", "IPv6Address", "LinkLocalIPs"])),
            }
        }
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests;
