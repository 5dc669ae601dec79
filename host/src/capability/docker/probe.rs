//! Whether a container can reach a service: a TCP connection from inside its network namespace.
//!
//! No program is run in the container, so that images without a shell can be probed as well. A thread of its own
//! enters the namespace and ends there; where that is not permitted, the host dials the container's address.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::time::Duration;

use bollard::models::ContainerInspectResponse;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::sync::oneshot;
use tokio::time::timeout;
use windlass_documents::Failure;

use super::Docker;
use super::engine::invalid;
use super::failure::failure;

/// The longest that a probe may take.
const LONGEST: Duration = Duration::from_mins(1);

/// Connects and closes.
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
    let found = match origin {
        Some(origin) => {
            let origin = docker.own_container(origin).await?;
            let running = origin.state.as_ref().and_then(|state| state.running).unwrap_or(false);
            let process = origin.state.as_ref().and_then(|state| state.pid).unwrap_or(0);
            if !running || process == 0 {
                return Err(failure("conflict", format!("cannot connect from {from}: it does not run")));
            }
            Some((origin, process))
        }
        None => None,
    };
    let addresses = match (address.parse::<IpAddr>(), &found) {
        (Ok(address), _) => vec![address],
        (Err(_), Some((origin, _))) => match neighbours(docker, origin, address).await? {
            addresses if addresses.is_empty() => resolve(address, port, limit).await?,
            addresses => addresses,
        },
        (Err(_), None) => resolve(address, port, limit).await?,
    };
    let targets = addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect();
    let namespace = match &found {
        Some((_, process)) => match File::open(format!("/proc/{process}/ns/net")) {
            Ok(namespace) => Some(namespace),
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => None,
            Err(error) => {
                let message = format!("cannot enter the network of {from}: {error}");
                return Err(Failure { retryable: true, ..failure("unavailable", message) });
            }
        },
        None => None,
    };
    connect(namespace, targets, limit).await.map_err(|why| {
        let code = if why.kind() == std::io::ErrorKind::TimedOut { "timeout" } else { "unavailable" };
        Failure { retryable: true, ..failure(code, format!("cannot connect to {target} from {from}: {why}")) }
    })
}

/// Addresses of the containers that a name means to a container: those of the application that share a network with
/// it and have the name as alias, service, container name or short id there.
async fn neighbours(docker: &Docker, origin: &ContainerInspectResponse, name: &str) -> Result<Vec<IpAddr>, Failure> {
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
    let mut addresses = Vec::new();
    for summary in docker.all_containers().await? {
        if !docker.owns(summary.labels.as_ref()) {
            continue;
        }
        let Some(id) = summary.id else { continue };
        // One that went away in between is nobody's neighbour.
        let Some(container) = docker.find_container(&id).await?.own() else { continue };
        let full_name = container.name.clone().unwrap_or_default();
        for (network, address, names) in networks(&container) {
            let known = names.iter().any(|alias| alias == name)
                || full_name.trim_start_matches('/') == name
                || id.get(..12) == Some(name);
            if known && shared.contains(&network) {
                addresses.extend(address.parse::<IpAddr>());
            }
        }
    }
    Ok(addresses)
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
        // Nobody waits any more when the call was cancelled.
        let _ = sender.send(result);
    })?;
    receiver.await.unwrap_or_else(|_| Err(std::io::Error::other("the probe ended without an answer")))
}

fn connect_here(namespace: Option<&File>, targets: &[SocketAddr], limit: Duration) -> std::io::Result<()> {
    if let Some(namespace) = namespace {
        match move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)) {
            // Without the right to enter, the host's own view of the container's network is the next best proof.
            Ok(()) | Err(rustix::io::Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
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
