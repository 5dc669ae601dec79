//! Who listens on which port of the host: TCP sockets that wait for connections, UDP sockets that receive from anyone.
//!
//! The kernel is asked for those alone (`man 7 sock_diag`). Where it has no such list, its tables of all sockets are read
//! (`man 5 proc_net`), which it goes through once for each read: milliseconds on a host with much memory.
//!
//! What cannot be read is left out, never guessed.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_core::{Emitable as _, Parseable as _};
use netlink_packet_sock_diag::constants::{AF_INET, AF_INET6, IPPROTO_TCP, IPPROTO_UDP, SOCK_DIAG_BY_FAMILY};
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, InetResponse, SocketId, StateFlags};
use rustix::net::netlink::SOCK_DIAG;

use super::netlink::Netlink;

/// Port, protocol and address of one that listens.
pub(super) type Listener = (u16, String, String);

/// The kernel's tables, each with the state in it that means listening, and what it is asked for by: a TCP socket listens in
/// state 0A; a UDP socket that receives from anyone is in state 07.
const TABLES: [(&str, &str, u8, u8); 4] = [
    ("tcp", "0A", AF_INET, IPPROTO_TCP),
    ("tcp6", "0A", AF_INET6, IPPROTO_TCP),
    ("udp", "07", AF_INET, IPPROTO_UDP),
    ("udp6", "07", AF_INET6, IPPROTO_UDP),
];

/// Everything that listens on the host.
pub(super) fn listeners() -> Vec<Listener> {
    let listed = |(table, state, family, protocol)| asked(family, protocol).unwrap_or_else(|_| read(table, state));
    TABLES.into_iter().flat_map(listed).collect()
}

/// The listening sockets of one address family and protocol, requested from the kernel.
fn asked(family: u8, protocol: u8) -> io::Result<Vec<Listener>> {
    let (states, name) = if protocol == IPPROTO_TCP { (StateFlags::LISTEN, "tcp") } else { (StateFlags::CLOSE, "udp") };
    let socket_id = if family == AF_INET { SocketId::new_v4() } else { SocketId::new_v6() };
    let request = InetRequest { family, protocol, extensions: ExtensionFlags::empty(), states, socket_id };
    let mut body = vec![0; request.buffer_len()];
    request.emit(&mut body);
    let mut listeners = Vec::new();
    Netlink::open(Some(SOCK_DIAG))?.dump(SOCK_DIAG_BY_FAMILY, &body, |kind, payload| {
        if kind == SOCK_DIAG_BY_FAMILY
            && let Ok(found) = InetResponse::parse(payload)
        {
            let id = found.header.socket_id;
            listeners.push((id.source_port, name.to_owned(), id.source_address.to_string()));
        }
    })?;
    Ok(listeners)
}

/// The listening sockets of one table in `/proc/net`; none where it cannot be read.
fn read(table: &str, state: &str) -> Vec<Listener> {
    parse_listeners(&fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default(), table, state)
}

fn parse_listeners(text: &str, table: &str, state: &str) -> Vec<Listener> {
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let mut columns = line.split_ascii_whitespace().skip(1);
            let (address, port) = columns.next()?.split_once(':')?;
            if columns.nth(1)? != state {
                return None;
            }
            let port = u16::from_str_radix(port, 16).ok()?;
            Some((port, table[..3].to_owned(), parse_address(address)?.to_string()))
        })
        .collect()
}

/// An address in groups of four bytes, each in the machine's own order.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bytes = hex::decode(text).ok()?;
    let words: Vec<u8> = bytes
        .chunks_exact(4)
        .flat_map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]).to_ne_bytes())
        .collect();
    if let Ok(four) = <[u8; 4]>::try_from(words.as_slice()) {
        return Some(Ipv4Addr::from(four).into());
    }
    <[u8; 16]>::try_from(words.as_slice()).ok().map(|sixteen| Ipv6Addr::from(sixteen).into())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{TcpListener, UdpSocket};

    use super::*;

    /// Both ways tell the same of sockets of this test: others come and go meanwhile.
    #[test]
    fn the_kernels_list_is_what_its_tables_say() {
        let tcp = [TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("[::1]:0").unwrap()];
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let connected = std::net::TcpStream::connect(tcp[0].local_addr().unwrap()).unwrap();
        let mut own: BTreeSet<Listener> = tcp
            .iter()
            .map(|listener| listener.local_addr().unwrap())
            .map(|address| (address.port(), "tcp".to_owned(), address.ip().to_string()))
            .collect();
        own.insert((udp.local_addr().unwrap().port(), "udp".to_owned(), "127.0.0.1".to_owned()));
        let listed: BTreeSet<Listener> =
            TABLES.into_iter().flat_map(|(_, _, family, protocol)| asked(family, protocol).unwrap()).collect();
        let read: BTreeSet<Listener> = TABLES.into_iter().flat_map(|(table, state, ..)| read(table, state)).collect();
        for found in [&listed, &read, &listeners().into_iter().collect()] {
            assert!(own.is_subset(found), "{own:?} are not all in {found:?}");
            assert!(!found.iter().any(|(port, ..)| *port == connected.local_addr().unwrap().port()), "it is connected");
        }
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn listeners_have_port_protocol_and_address() {
        let head = "  sl  local_address rem_address   st\n";
        let tcp = format!("{head}   0: 0100007F:1F90 00000000:0000 0A 0 0\n   1: 0100007F:1F91 00000000:0000 01 0 0\n");
        assert_eq!(parse_listeners(&tcp, "tcp", "0A"), [(8080, "tcp".to_owned(), "127.0.0.1".to_owned())]);
        let tcp6 = format!("{head}   0: 00000000000000000000000001000000:0050 0:0 0A 0 0\n");
        assert_eq!(parse_listeners(&tcp6, "tcp6", "0A"), [(80, "tcp".to_owned(), "::1".to_owned())]);
        assert_eq!(parse_listeners("nonsense\nnonsense again", "udp", "07"), []);
    }
}
