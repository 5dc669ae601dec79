//! What has addresses already: the host's routes, itself, its resolvers, and the other networks of the engine.
//!
//! The host is the one on which the agent runs. An engine elsewhere, behind a forwarded socket, has other routes, which
//! the agent cannot read. What it can read is respected all the same.

use std::fs;
use std::net::IpAddr;

use bollard::models::{Ipam, Network};
use bollard::query_parameters::ListNetworksOptions;
use ipnet::IpNet;
use tokio::sync::OnceCell;
use windlass_domain::Failure;

use super::Docker;
use super::engine::ORDINARY;
use super::failure::hinted;
use super::policy::{Occupied, Policy, Wanted};
use super::routes::{Route, routes};

/// The field whose value is refused.
const SUBNET: &str = "IPAM.Config.Subnet";
/// The files with a host's resolvers: those that programs use, and those that systemd-resolved forwards to.
const RESOLVERS: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/// Everything that a network's range must not overlap.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    /// Each with the id of the network that has it, where one does.
    occupied: Vec<(Occupied, Option<String>)>,
    /// The host's own addresses.
    own: Vec<IpAddr>,
}

/// The surroundings, read once, at the first use.
pub(super) struct Around<'a> {
    docker: &'a Docker,
    seen: OnceCell<Surroundings>,
}

impl<'a> Around<'a> {
    pub(super) fn new(docker: &'a Docker) -> Self {
        Self { docker, seen: OnceCell::new() }
    }

    async fn look(&self) -> Result<&Surroundings, Failure> {
        self.seen.get_or_try_init(|| self.docker.surroundings()).await
    }

    /// Whether nothing else has the addresses of a network that is wanted, or is there with the id `but`.
    pub(super) async fn is_free(&self, policy: &Policy<'_>, wanted: &Wanted, but: Option<&str>) -> Result<(), Failure> {
        if policy.are_granted(wanted) {
            return Ok(());
        }
        let seen = self.look().await?;
        if let Some(binding) = wanted.binding {
            policy.is_of_the_host(binding, &seen.own)?;
        }
        let others = || seen.occupied.iter().filter(|(_, id)| id.is_none() || id.as_deref() != but);
        wanted
            .subnets
            .iter()
            .try_for_each(|range| policy.is_free(SUBNET, *range, others().map(|(occupied, _)| occupied)))
    }

    /// Whether an address is the host's own.
    pub(super) async fn is_own(&self, address: IpAddr) -> Result<bool, Failure> {
        Ok(self.look().await?.own.contains(&address))
    }
}

impl Docker {
    async fn surroundings(&self) -> Result<Surroundings, Failure> {
        let (networks, routes) = tokio::join!(
            self.engine.call(ORDINARY, |client| async move { client.list_networks(None::<ListNetworksOptions>).await }),
            // Millions of routes take their time.
            tokio::task::spawn_blocking(routes),
        );
        let networks = networks.map_err(|error| self.explain(error, "list networks"))?;
        let routes = routes.map_err(std::io::Error::other).and_then(|read| read).map_err(|error| {
            hinted(
                "unavailable",
                format!("the routes of this host cannot be read, so no address can be checked against them: {error}"),
                "let the agent open sockets of the family AF_NETLINK",
            )
        })?;
        let named = |network: &Network| match &network.name {
            Some(name) if self.owns(network.labels.as_ref()) => format!("the network `{name}`"),
            _ => "another network of the engine".to_owned(),
        };
        Ok(surroundings(&routes, &networks, named, &resolvers()))
    }
}

fn surroundings(
    routes: &[Route],
    networks: &[Network],
    named: impl Fn(&Network) -> String,
    resolvers: &[IpAddr],
) -> Surroundings {
    // The engine's own routes, and the addresses of its bridges, are counted with its networks already.
    let of_the_engine = |route: &Route| {
        networks.iter().any(|network| {
            device(network).is_some_and(|device| device == route.device)
                && ranges(network.ipam.as_ref()).iter().any(|range| range.contains(&route.to))
        })
    };
    let mut occupied = Vec::new();
    let mut own = Vec::new();
    for route in routes {
        if route.local {
            own.push(route.to.addr());
        }
        let via = route.via.filter(|_| !of_the_engine(route));
        if let Some(router) = via {
            let what = format!("the host's router {router}");
            occupied.push((Occupied { range: router.into(), what }, None));
        }
        if route.is_default() || of_the_engine(route) {
            continue;
        }
        let on = if route.device.is_empty() { String::new() } else { format!(" on {}", route.device) };
        let what = if route.local {
            format!("the host's address {}{on}", route.to.addr())
        } else {
            format!("the host's route {}{on}", route.to)
        };
        occupied.push((Occupied { range: route.to, what }, None));
    }
    for resolver in resolvers {
        let what = format!("the host's resolver {resolver}");
        occupied.push((Occupied { range: (*resolver).into(), what }, None));
    }
    for network in networks {
        for range in ranges(network.ipam.as_ref()) {
            let what = format!("{range}, {}", named(network));
            occupied.push((Occupied { range, what }, network.id.clone()));
        }
    }
    Surroundings { occupied, own }
}

/// The device of a network that is a bridge.
fn device(network: &Network) -> Option<String> {
    if network.driver.as_deref() != Some("bridge") {
        return None;
    }
    let named = network.options.as_ref().and_then(|options| options.get("com.docker.network.bridge.name"));
    named.cloned().or_else(|| network.id.as_deref()?.get(..12).map(|id| format!("br-{id}")))
}

/// The ranges of a network that is there.
pub(super) fn ranges(ipam: Option<&Ipam>) -> Vec<IpNet> {
    let pools = ipam.and_then(|ipam| ipam.config.as_ref());
    pools
        .into_iter()
        .flatten()
        .filter_map(|pool| Some(pool.subnet.as_deref()?.parse::<IpNet>().ok()?.trunc()))
        .collect()
}

/// The addresses of the host's resolvers. A file that is not there names none.
fn resolvers() -> Vec<IpAddr> {
    RESOLVERS.iter().filter_map(|path| fs::read_to_string(path).ok()).flat_map(|text| named_servers(&text)).collect()
}

/// `nameserver ADDRESS` (`man 5 resolv.conf`), without the zone that a link-local address has.
fn named_servers(text: &str) -> Vec<IpAddr> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            let address = words.next().filter(|word| *word == "nameserver").and_then(|_| words.next())?;
            address.split('%').next()?.parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use bollard::models::IpamConfig;

    use super::*;

    fn network(id: &str, name: &str, subnet: &str) -> Network {
        let pool = IpamConfig { subnet: Some(subnet.to_owned()), ..IpamConfig::default() };
        Network {
            id: Some(id.to_owned()),
            name: Some(name.to_owned()),
            driver: Some("bridge".to_owned()),
            ipam: Some(Ipam { config: Some(vec![pool]), ..Ipam::default() }),
            ..Network::default()
        }
    }

    fn route(to: &str, device: &str) -> Route {
        Route { to: to.parse().unwrap(), local: false, device: device.to_owned(), via: None }
    }

    fn told(around: &Surroundings) -> Vec<(&str, Option<&str>)> {
        around.occupied.iter().map(|(occupied, id)| (occupied.what.as_str(), id.as_deref())).collect()
    }

    #[test]
    fn a_network_is_not_in_its_own_way_but_a_route_beside_it_is() {
        let networks =
            [network("0123456789abcdef", "own", "10.1.0.0/16"), network("fedcba98765432", "other", "10.2.0.0/16")];
        let mut address = route("10.1.0.1/32", "br-0123456789ab");
        address.local = true;
        let routes = [
            route("10.1.0.0/16", "br-0123456789ab"),
            address,
            route("10.2.0.0/16", "br-fedcba987654"),
            // The host's own network has the same range, and a bridge of the engine leads further.
            route("10.1.0.0/16", "eth0"),
            route("10.9.0.0/16", "br-0123456789ab"),
            Route { via: Some("192.168.0.1".parse().unwrap()), ..route("0.0.0.0/0", "eth0") },
            route("128.0.0.0/1", "tun0"),
        ];
        let resolvers = ["10.255.255.53".parse().unwrap()];
        let name = |network: &Network| network.name.clone().unwrap();
        let around = surroundings(&routes, &networks, name, &resolvers);
        assert_eq!(
            told(&around),
            [
                ("the host's route 10.1.0.0/16 on eth0", None),
                ("the host's route 10.9.0.0/16 on br-0123456789ab", None),
                ("the host's router 192.168.0.1", None),
                ("the host's resolver 10.255.255.53", None),
                ("10.1.0.0/16, own", Some("0123456789abcdef")),
                ("10.2.0.0/16, other", Some("fedcba98765432")),
            ]
        );
        assert_eq!(around.own, ["10.1.0.1".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn resolvers_are_read_as_the_library_reads_them() {
        let text = "# nameserver 1.1.1.1\nnameserver 10.0.0.53\n  nameserver\tfe80::1%eth0\nsearch lan\nnameserver x\n";
        assert_eq!(named_servers(text), ["10.0.0.53".parse::<IpAddr>().unwrap(), "fe80::1".parse().unwrap()]);
    }
}
