//! Which addresses the host can reach by a route of its own, as the kernel says (rtnetlink, `man 7 rtnetlink`).
//!
//! All routing tables are read, those of addresses and of policy routing included, which `/proc/net/route` leaves
//! out. What a container's network namespace has is not seen.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_core::{NlaBuffer, NlasIterator};

use super::netlink::Netlink;

// `linux/rtnetlink.h`, `linux/if_link.h`, `linux/if.h`. A request whose own head is zero means all families.
const NEW_LINK: u16 = 16;
const GET_LINK: u16 = 18;
const NEW_ROUTE: u16 = 24;
const GET_ROUTE: u16 = 26;
const LINK_HEAD: usize = 16;
const LINK_NAME: u16 = 3;
const IS_UP: u32 = 1;
const ROUTE_HEAD: usize = 12;
const ROUTE_TO: u16 = 1;
const ROUTE_DEVICE: u16 = 4;
const ROUTE_VIA: u16 = 5;
const LOCAL: u8 = 2;

/// Default routes, and those that are one in two halves, as VPNs make them: they say nothing about a range.
const DEFAULT: u8 = 1;

/// One route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// Where it leads.
    pub(super) to: IpNet,
    /// Whether that is an address of the host itself.
    pub(super) local: bool,
    /// Through which device; empty where that are several, or none.
    pub(super) device: String,
    /// The router through which it goes, if there is one.
    pub(super) via: Option<IpAddr>,
}

/// All routes but those through devices that are down. A default route is among them only for its router.
pub(super) fn routes() -> io::Result<Vec<Route>> {
    // Of the family's protocols, none is that of routes.
    let socket = Netlink::open(None)?;
    let mut devices = HashMap::new();
    socket.dump(GET_LINK, &[0; LINK_HEAD], |kind, body| {
        if kind == NEW_LINK
            && let Some((index, device)) = device(body)
        {
            devices.insert(index, device);
        }
    })?;
    let mut routes = Vec::new();
    socket.dump(GET_ROUTE, &[0; ROUTE_HEAD], |kind, body| {
        if kind == NEW_ROUTE {
            routes.extend(route(body, &devices));
        }
    })?;
    Ok(routes)
}

/// A device: its name, and whether it is up.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Device {
    name: String,
    up: bool,
}

fn attributes(body: &[u8], head: usize) -> HashMap<u16, &[u8]> {
    let nlas = NlasIterator::new(body.get(head..).unwrap_or_default());
    nlas.map_while(Result::ok)
        .filter_map(|nla: NlaBuffer<&[u8]>| {
            let (kind, length) = (nla.kind(), nla.value_length());
            let whole = nla.into_inner();
            Some((kind, whole.get(4..4 + length)?))
        })
        .collect()
}

fn device(body: &[u8]) -> Option<(u32, Device)> {
    let number = |at: usize| Some(u32::from_ne_bytes(body.get(at..at + 4)?.try_into().ok()?));
    let name = attributes(body, LINK_HEAD).get(&LINK_NAME).map(|name| String::from_utf8_lossy(name).into_owned());
    let name = name.unwrap_or_default().trim_end_matches('\0').to_owned();
    Some((number(4)?, Device { name, up: number(8)? & IS_UP != 0 }))
}

fn route(body: &[u8], devices: &HashMap<u32, Device>) -> Option<Route> {
    let (family, length, kind) = (*body.first()?, *body.get(1)?, *body.get(7)?);
    let attributes = attributes(body, ROUTE_HEAD);
    let device = attributes.get(&ROUTE_DEVICE).and_then(|index| <[u8; 4]>::try_from(*index).ok());
    let device = device.and_then(|index| devices.get(&u32::from_ne_bytes(index)));
    if device.is_some_and(|device| !device.up) {
        return None;
    }
    let unspecified: IpAddr = match i32::from(family) {
        2 => IpAddr::from([0_u8; 4]),
        10 => IpAddr::from([0_u8; 16]),
        _ => return None,
    };
    let to = attributes.get(&ROUTE_TO).map_or(Some(unspecified), |bytes| address(bytes))?;
    let via = attributes.get(&ROUTE_VIA).and_then(|bytes| address(bytes));
    let to = IpNet::new(to, length).ok()?.trunc();
    let device = device.map(|device| device.name.clone()).unwrap_or_default();
    Some(Route { to, local: kind == LOCAL, device, via })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

impl Route {
    /// Whether it says where a range is, and not only where everything else goes.
    pub(super) fn is_default(&self) -> bool {
        self.to.prefix_len() <= DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_itself_is_among_its_routes() {
        let routes = routes().unwrap();
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        let found = routes.iter().find(|route| route.local && route.to.contains(&loopback)).unwrap();
        assert_eq!(found.device, "lo");
        assert!(!found.is_default());
    }

    #[test]
    fn a_route_is_read_with_its_device_and_router() {
        let attribute = |kind: u16, value: &[u8]| {
            let length = u16::try_from(4 + value.len()).unwrap();
            [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat()
        };
        let devices = HashMap::from([
            (3, Device { name: "eth0".to_owned(), up: true }),
            (4, Device { name: "old0".to_owned(), up: false }),
        ]);
        let body = |device: u32| {
            [
                &[2, 20, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0][..],
                &attribute(ROUTE_TO, &[10, 1, 16, 0]),
                &attribute(ROUTE_DEVICE, &device.to_ne_bytes()),
                &attribute(ROUTE_VIA, &[10, 0, 0, 1]),
                &attribute(99, &[1, 2, 3, 4]),
            ]
            .concat()
        };
        let expected = Route {
            to: "10.1.16.0/20".parse().unwrap(),
            local: false,
            device: "eth0".to_owned(),
            via: Some("10.0.0.1".parse().unwrap()),
        };
        assert_eq!(route(&body(3), &devices), Some(expected));
        // Nothing goes through a device that is down. An unknown device may lead anywhere.
        assert_eq!(route(&body(4), &devices), None);
        assert_eq!(route(&body(5), &devices).unwrap().device, "");
        assert_eq!(route(&[2, 20, 0], &devices), None);
        // A default route has no destination.
        let bare = [10, 0, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0];
        assert!(route(&bare, &devices).unwrap().is_default());
    }
}
