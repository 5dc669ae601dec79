//! IP addresses: which are closed, because they lead into the host, its networks, or a cloud's own services; and how
//! addresses and ranges are written.
//!
//! Sources: the IANA special-purpose address registries (RFC 6890) for IPv4 and IPv6, RFC 6052 (NAT64), RFC 3056
//! (6to4), RFC 4291 (IPv4-mapped), and the metadata addresses of the large clouds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::explain::shorten;

/// Metadata services hand out the host's credentials; a range never opens them, only the very address does.
pub const METADATA: [IpAddr; 5] = [
    // In this order: of most clouds, of Alibaba, of Azure's wire server, of Amazon in IPv6, of Google in IPv6.
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x254)),
];

/// Whether an address may be dialled when `granted` ranges are open besides the public ones.
#[must_use]
pub fn is_open(address: IpAddr, granted: &[IpNet]) -> bool {
    let meant = meant(address);
    let named = |range: &IpNet| range.contains(&meant) || range.contains(&address);
    if METADATA.contains(&meant) {
        return granted.iter().any(|range| named(range) && range.prefix_len() == range.max_prefix_len());
    }
    is_public(meant) || granted.iter().any(named)
}

/// Whether the agent may connect to an address for a host name that another party chose and that the operator did not
/// grant, such as the registry of a team's images. The host itself and private networks are common places for such
/// servers and are allowed. Link-local addresses, a cloud's metadata service and addresses that no server can have are
/// not: no legitimate name points there. Addresses in a `granted` range are always allowed.
#[must_use]
pub fn is_for_servers(address: IpAddr, granted: &[IpNet]) -> bool {
    let meant = meant(address);
    let never = METADATA.contains(&meant)
        || match meant {
            IpAddr::V4(v4) => v4.octets()[0] == 0 || v4.is_link_local() || v4.octets()[0] >= 224,
            IpAddr::V6(v6) => v6.is_unspecified() || v6.is_unicast_link_local() || v6.is_multicast(),
        };
    !never || granted.iter().any(|range| range.contains(&meant) || range.contains(&address))
}

/// The address that is reached in the end: IPv6 has many ways to write an IPv4 address.
#[must_use]
pub fn meant(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let segments = v6.segments();
    let [.., high, low] = segments;
    let last = || IpAddr::V4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match segments {
        // IPv4-mapped, IPv4-translated and NAT64.
        [0, 0, 0, 0, 0, 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => last(),
        // IPv4-compatible, but for `::` and `::1`.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => last(),
        // 6to4.
        [0x2002, high, low, ..] => IpAddr::V4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))),
        _ => address,
    }
}

/// A range of addresses, written in the only form that all programs read alike: no bits below the prefix, no leading
/// zeros, no IPv4 address written as IPv6, and not the whole address space.
///
/// # Errors
/// What is wrong with it.
pub fn range(written: &str) -> Result<IpNet, String> {
    let not = |why: &str| format!("`{}` is not a range of addresses such as `172.28.0.0/16`: {why}", shorten(written));
    let (start, length) = written.split_once('/').ok_or_else(|| not("it has no `/` with the length of a prefix"))?;
    let start = address(start)?;
    let plain = length == "0" || !length.starts_with('0') && length.bytes().all(|digit| digit.is_ascii_digit());
    let length = length.parse().ok().filter(|_| plain);
    let range = length.and_then(|length| IpNet::new(start, length).ok());
    let range = range.ok_or_else(|| not("that is no length of a prefix"))?;
    if range.prefix_len() == 0 {
        return Err(not("it is every address"));
    }
    if range.network() != start {
        return Err(not(&format!("it has bits below its prefix; is `{}` meant?", range.trunc())));
    }
    Ok(range)
}

/// One address, written in the only form that all programs read alike.
///
/// # Errors
/// What is wrong with it.
pub fn address(written: &str) -> Result<IpAddr, String> {
    let address: IpAddr = written.parse().map_err(|_| format!("`{}` is not an IP address", shorten(written)))?;
    match address {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
            Err(format!("`{written}` is an IPv4 address in IPv6's notation; write it as IPv4"))
        }
        address => Ok(address),
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let shared = a == 100 && b & 0xc0 == 64;
            let protocol = a == 192 && b == 0 && c == 0;
            let relay = a == 192 && b == 88 && c == 99;
            let benchmark = a == 198 && b & 0xfe == 18;
            !(a == 0
                || v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_documentation()
                || shared
                || protocol
                || relay
                || benchmark
                // Multicast, reserved and broadcast.
                || a >= 224)
        }
        IpAddr::V6(v6) => {
            let [first, second, third, ..] = v6.segments();
            // Global unicast is 2000::/3; Teredo, benchmarking, ORCHID, documentation and local NAT64 are cut out.
            first & 0xe000 == 0x2000
                && !(first == 0x2001 && (second == 0 || second & 0xfff0 == 0x10 || second & 0xfff0 == 0x20))
                && !(first == 0x2001 && second == 2 && third == 0)
                && !(first == 0x2001 && second == 0xdb8)
                && !(first == 0x3fff && second & 0xf000 == 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(address: &str, granted: &[&str]) -> bool {
        let granted: Vec<IpNet> = granted.iter().map(|range| range.parse().unwrap()).collect();
        is_open(address.parse().unwrap(), &granted)
    }

    #[test]
    fn only_public_addresses_are_open_by_themselves() {
        for address in ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1"] {
            assert!(open(address, &[]), "{address}");
        }
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "168.63.129.16",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "3fff::1",
            "100::1",
            "64:ff9b:1::1",
            "5f00::1",
            // Other ways to write closed IPv4 addresses.
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::",
        ] {
            assert!(!open(address, &[]), "{address}");
        }
    }

    #[test]
    fn a_grant_opens_a_range_but_metadata_only_by_its_own_address() {
        assert!(open("127.0.0.1", &["127.0.0.0/8"]) && open("::ffff:127.0.0.1", &["127.0.0.0/8"]));
        assert!(open("10.1.2.3", &["10.0.0.0/8"]) && !open("10.1.2.3", &["10.2.0.0/16"]));
        assert!(!open("169.254.169.254", &["0.0.0.0/0", "169.254.0.0/16"]));
        assert!(!open("::ffff:169.254.169.254", &["::/0"]) && !open("fd00:ec2::254", &["fd00::/8"]));
        assert!(open("169.254.169.254", &["169.254.169.254/32"]));
    }

    #[test]
    fn a_name_of_somebody_else_leads_to_no_metadata() {
        let leads = |address: &str, granted: &[&str]| {
            let granted: Vec<IpNet> = granted.iter().map(|range| range.parse().unwrap()).collect();
            is_for_servers(address.parse().unwrap(), &granted)
        };
        for address in
            ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "1.1.1.1", "2606:4700::1"]
        {
            assert!(leads(address, &[]), "{address}");
        }
        for address in [
            "169.254.169.254",
            "169.254.1.1",
            "100.100.100.200",
            "168.63.129.16",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(!leads(address, &[]), "{address}");
        }
        assert!(leads("169.254.1.1", &["169.254.1.0/24"]) && !leads("169.254.2.1", &["169.254.1.0/24"]));
    }
}
