//! Whether a container can reach a service: a TCP connection from inside its network namespace.
//!
//! What may be reached is the application itself: its containers, and ports that they publish on the host. Anything else
//! needs a grant, or a plugin could look around in the host's networks and in its loopback.
//!
//! No program is run in the container, so that images without a shell can be probed as well. A thread of its own
//! enters the namespace and ends there; where that is not permitted, the host dials the container's address.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use bollard::models::{ContainerInspectResponse, PortSummaryTypeEnum};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::timeout;
use windlass_config::Endpoint;
use windlass_domain::Failure;
use windlass_foundation::addresses;

use super::Docker;
use super::engine::invalid;
use super::failure::failure;
use super::policy::grant_lines;
use super::scope::ContainerGrant;
use super::surroundings::Around;

/// Compose's label for the service that a container belongs to.
const SERVICE: &str = "com.docker.compose.service";

/// The longest that a probe may take.
const LONGEST: Duration = Duration::from_mins(1);

/// Opens a TCP connection and closes it, to find out whether a server accepts connections.
pub(super) async fn tcp(
    docker: &Docker,
    origin: Option<&str>,
    address: &str,
    port: u16,
    timeout_ms: u32,
) -> Result<(), Failure> {
    let limit = Duration::from_millis(timeout_ms.into()).clamp(Duration::from_millis(1), LONGEST);
    let target = format!("{}:{port}", address.escape_default());
    let from = origin.map_or_else(|| "this host".to_owned(), |origin| format!("container `{origin}`"));
    let container = match origin {
        Some(origin) => Some(docker.own_container(origin).await?),
        None => None,
    };
    let namespace = container.as_ref().map(|container| namespace(container, &from)).transpose()?.flatten();
    let reach = Reach { docker, container: container.as_ref(), inside: namespace.is_some() };
    let addresses = reach.addresses(address, port, limit).await?;
    let targets = addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect();
    connect(namespace, targets, limit).await.map_err(|why| {
        let code = if why.kind() == std::io::ErrorKind::TimedOut { "timeout" } else { "unavailable" };
        Failure { retryable: true, ..failure(code, format!("cannot connect to {target} from {from}: {why}")) }
    })
}

/// The network namespace of a running container, if it has one of its own and the agent may enter it.
fn namespace(container: &ContainerInspectResponse, from: &str) -> Result<Option<File>, Failure> {
    let running = container.state.as_ref().and_then(|state| state.running).unwrap_or(false);
    let process = container.state.as_ref().and_then(|state| state.pid).unwrap_or(0);
    if !running || process == 0 {
        return Err(failure("conflict", format!("cannot connect from {from}: it does not run")));
    }
    let cannot = |error: std::io::Error| {
        let message = format!("cannot enter the network of {from}: {error}");
        Failure { retryable: true, ..failure("unavailable", message) }
    };
    let namespace = match File::open(format!("/proc/{process}/ns/net")) {
        Ok(namespace) => namespace,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return Ok(None),
        Err(error) => return Err(cannot(error)),
    };
    let host = fs::metadata("/proc/self/ns/net").map_err(cannot)?;
    let own = namespace.metadata().map_err(cannot)?;
    if (host.dev(), host.ino()) == (own.dev(), own.ino()) {
        return Ok(None);
    }
    // Whether it can be entered is tried here, by a thread that ends at once: the loopback of a container must never
    // become the host's.
    let entered = std::thread::scope(|scope| {
        scope.spawn(|| move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))).join()
    });
    match entered {
        Ok(Ok(())) => Ok(Some(namespace)),
        Ok(Err(rustix::io::Errno::PERM)) => Ok(None),
        Ok(Err(error)) => Err(cannot(error.into())),
        Err(_) => Err(cannot(std::io::Error::other("the thread that enters it ended"))),
    }
}

/// What may be reached, from where.
struct Reach<'a> {
    docker: &'a Docker,
    container: Option<&'a ContainerInspectResponse>,
    /// Whether the connection comes from inside the container's network.
    inside: bool,
}

impl Reach<'_> {
    /// The addresses behind a target that may be dialled; a failure when there are none.
    async fn addresses(&self, target: &str, port: u16, limit: Duration) -> Result<Vec<IpAddr>, Failure> {
        let (named, found) = if let Ok(address) = target.parse::<IpAddr>() {
            (false, vec![address])
        } else {
            if let Some(container) = self.container
                && let Some(addresses) = neighbours(self.docker, container, target).await?
            {
                return Ok(addresses);
            }
            let host = url::Host::parse(target)
                .map_err(|_| invalid(format!("`{}` is not a host name", target.escape_default())))?
                .to_string();
            let named = self.is_granted(&host, port);
            // A target that is not granted is not even resolved: the question would reach a name server outside.
            if !named && host != "localhost" {
                return Err(self.denied(&host, port, "it is no container of the application"));
            }
            (named, resolve(target, port, limit).await?)
        };
        let mut open = Vec::new();
        for address in &found {
            let is_loopback = addresses::meant(*address).is_loopback();
            let a_server = named && !is_loopback && addresses::is_for_servers(*address, &[]);
            if a_server
                || self.is_granted(&address.to_string(), port)
                || self.inside && is_loopback
                || self.is_ours(*address, port).await?
            {
                open.push(*address);
            }
        }
        match found.first() {
            Some(first) if open.is_empty() => {
                let why = "it is neither an address of the application's containers nor a port that they publish";
                Err(self.denied(&first.to_string(), port, why))
            }
            _ => Ok(open),
        }
    }

    fn is_granted(&self, host: &str, port: u16) -> bool {
        self.docker.grant.probe_tcp.iter().any(|granted| granted.port == port && granted.host == host)
    }

    /// Whether a container of the application has the address, or publishes the port at it.
    async fn is_ours(&self, address: IpAddr, port: u16) -> Result<bool, Failure> {
        let mut published = false;
        for container in self.docker.all_containers().await? {
            if !self.docker.owns(container.labels.as_ref()) {
                continue;
            }
            let networks = container.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
            let has = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok()) == Some(address);
            if networks.values().any(|one| has(&one.ip_address) || has(&one.global_ipv6_address)) {
                return Ok(true);
            }
            published |= container.ports.iter().flatten().any(|one| {
                let at = one.ip.as_deref().and_then(|text| text.parse::<IpAddr>().ok());
                one.public_port == Some(port)
                    && one.typ == Some(PortSummaryTypeEnum::TCP)
                    && at.is_none_or(|at| at == address || at.is_unspecified() && at.is_ipv4() == address.is_ipv4())
            });
        }
        // Published everywhere means at every address of this host, and nowhere else.
        Ok(published && Around::new(self.docker).is_own(address).await?)
    }

    /// The failure with the lines to add.
    fn denied(&self, host: &str, port: u16, why: &str) -> Failure {
        let place = Endpoint { host: host.to_owned(), port }.to_string();
        let lines = grant_lines(&self.docker.scope, &ContainerGrant::default());
        let quoted = toml::Value::String(place.clone()).to_string();
        let lines = lines.replace("docker-write = {}", &format!("probe-tcp = [{quoted}]"));
        let message = format!("plugin `{}` may not try a connection to `{place}`: {why}", self.docker.scope.plugin);
        Failure { details: Some(json!({ "grant": lines })), ..failure("capability-denied", message) }
    }
}

/// Addresses of the containers that a name means to a container: those of the application that share a network with
/// it and have the name as alias, service, container name or short id there. None when it means none of them.
async fn neighbours(
    docker: &Docker,
    origin: &ContainerInspectResponse,
    name: &str,
) -> Result<Option<Vec<IpAddr>>, Failure> {
    let networks = |container: &ContainerInspectResponse| -> Vec<(String, String, Vec<String>)> {
        let networks = container.network_settings.as_ref().and_then(|settings| settings.networks.clone());
        networks
            .unwrap_or_default()
            .into_values()
            .filter_map(|endpoint| {
                let mut names = endpoint.aliases.unwrap_or_default();
                names.extend(endpoint.dns_names.unwrap_or_default());
                Some((endpoint.network_id?, endpoint.ip_address?, names))
            })
            .collect()
    };
    let shared: BTreeSet<String> = networks(origin).into_iter().map(|(id, _, _)| id).collect();
    let mut is_known = false;
    let mut addresses = Vec::new();
    for summary in docker.all_containers().await? {
        if !docker.owns(summary.labels.as_ref()) {
            continue;
        }
        let Some(id) = summary.id else { continue };
        // A container that was removed in the meantime is skipped.
        let Some(container) = docker.find_container(&id).await?.own() else { continue };
        let full_name = container.name.clone().unwrap_or_default();
        let labels = container.config.as_ref().and_then(|config| config.labels.as_ref());
        is_known |= labels.and_then(|labels| labels.get(SERVICE)).is_some_and(|service| service == name);
        for (network, address, names) in networks(&container) {
            let known = names.iter().any(|alias| alias == name)
                || full_name.trim_start_matches('/') == name
                || id.get(..12) == Some(name);
            is_known |= known;
            if known && shared.contains(&network) {
                addresses.extend(address.parse::<IpAddr>());
            }
        }
    }
    if is_known && addresses.is_empty() {
        let message = format!("`{name}` has no address in a network of the container: it does not run, or is apart");
        return Err(Failure { retryable: true, ..failure("unavailable", message) });
    }
    Ok(is_known.then_some(addresses))
}

/// Addresses that the host knows for a name.
async fn resolve(name: &str, port: u16, limit: Duration) -> Result<Vec<IpAddr>, Failure> {
    let host =
        url::Host::parse(name).map_err(|_| invalid(format!("`{}` is not a host name", name.escape_default())))?;
    let unknown = |why: String| Failure {
        retryable: true,
        ..failure("unavailable", format!("no address is known for `{host}`: {why}"))
    };
    let found = timeout(limit, tokio::net::lookup_host((name, port)))
        .await
        .map_err(|_| unknown("the name server does not answer".to_owned()))?
        .map_err(|error| unknown(error.to_string()))?;
    Ok(found.map(|address| address.ip()).collect())
}

/// Tries the addresses in turn, from inside the namespace if there is one.
async fn connect(namespace: Option<File>, targets: Vec<SocketAddr>, limit: Duration) -> std::io::Result<()> {
    let (sender, receiver) = oneshot::channel();
    // A thread that changed its namespace must not be used for anything else, so it is not one of the runtime's.
    std::thread::Builder::new().name("windlass-probe".to_owned()).spawn(move || {
        let result = connect_here(namespace.as_ref(), &targets, limit);
        // The receiver is gone when the call was cancelled.
        let _ = sender.send(result);
    })?;
    receiver.await.unwrap_or_else(|_| Err(std::io::Error::other("the probe ended without an answer")))
}

fn connect_here(namespace: Option<&File>, targets: &[SocketAddr], limit: Duration) -> std::io::Result<()> {
    // Without the right to enter, the host's own view of the container's network is the next best proof.
    if let Some(namespace) = namespace {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
    }
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no address to connect to");
    for target in targets {
        match TcpStream::connect_timeout(target, limit) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}
