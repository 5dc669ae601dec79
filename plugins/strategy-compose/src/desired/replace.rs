//! Whether old and new may run side by side.

use std::net::IpAddr;

use windlass_compose::{Attachment, MountKind, Problem, Replace, Service};

/// How a running container is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Manner {
    /// The new one runs and is healthy before the old one stops: no gap.
    StartFirst,
    /// The old one stops before the new one starts, for the reason given.
    StopFirst(String),
    /// It is meant to end; there is nothing to switch.
    Job,
}

pub(crate) fn manner(service: &Service, is_job: bool) -> Result<Manner, Problem> {
    if is_job {
        return Ok(Manner::Job);
    }
    let impossible = impossible(service);
    match (service.windlass.replace, impossible) {
        (Some(Replace::StartFirst), Some(reason)) => Err(Problem::at(
            &service.position,
            format!("`services.{}` cannot be replaced start-first: it {reason}", service.name),
        )
        .hint("remove `x-windlass.replace`, or what stands in the way")),
        (Some(Replace::StartFirst), None) => Ok(Manner::StartFirst),
        (Some(Replace::StopFirst), _) => Ok(Manner::StopFirst("asked for by x-windlass".to_owned())),
        (None, Some(reason)) => Ok(Manner::StopFirst(reason)),
        (None, None) => Ok(writes(service).map_or(Manner::StartFirst, Manner::StopFirst)),
    }
}

/// What two containers cannot have at the same time.
fn impossible(service: &Service) -> Option<String> {
    if let Some(reason) = alone(service) {
        return Some(reason);
    }
    if let Some(name) = service.sysctls.keys().find(|name| is_of_interface(name)) {
        // The connection is made anew when the names change hands, and its interface then has what the engine gives.
        return Some(format!("sets `{name}` of its interface"));
    }
    if let Some((first, last)) = narrow(service) {
        return Some(format!("publishes ports of {first}-{last}, which are too few for old and new"));
    }
    if let Some(name) = &service.hostname {
        // The engine makes it a name on every network, from the start.
        return Some(format!("has the host name `{name}`"));
    }
    let network = service.namespaces.network.as_ref().filter(|mode| mode.kind.to_string() != "none")?;
    Some(format!("shares the network of `{}`", network.kind))
}

/// `net.ipv4.conf.eth0.forwarding`.
fn is_of_interface(sysctl: &str) -> bool {
    let mut parts = sysctl.splitn(5, '.');
    parts.next() == Some("net") && parts.nth(2).is_some_and(|part| part.starts_with("eth"))
}

/// A range of ports that has none left for new containers while the old ones run.
fn narrow(service: &Service) -> Option<(u16, u16)> {
    let replicas = service.replicas();
    ranges(service).find(|(first, last)| u32::from(last - first) + 1 < 2 * replicas)
}

/// Ranges of the host's ports, of which each container has one that is free.
pub(super) fn ranges(service: &Service) -> impl Iterator<Item = (u16, u16)> + '_ {
    service.ports.iter().filter_map(|port| port.published).filter(|(first, last)| first < last)
}

/// What only one container of the host can have, whether they are replicas or old and new.
pub(super) fn alone(service: &Service) -> Option<String> {
    if let Some(port) = service.ports.iter().find_map(windlass_compose::Port::fixed) {
        return Some(format!("publishes port {port}"));
    }
    if let Some(name) = &service.container_name {
        return Some(format!("has the container_name `{name}`"));
    }
    if service.mac_address.is_some() || service.networks.values().any(|network| network.mac_address.is_some()) {
        return Some("has a hardware address of its own".to_owned());
    }
    let address = |network: &Attachment| {
        network.ipv4_address.map(IpAddr::from).or_else(|| network.ipv6_address.map(IpAddr::from))
    };
    service.networks.values().find_map(address).map(|address| format!("has the address {address}"))
}

/// Data that two versions would write at the same time. Programs that are made for it say so with `x-windlass`.
fn writes(service: &Service) -> Option<String> {
    service.mounts.iter().filter(|mount| !mount.read_only).find_map(|mount| match &mount.kind {
        MountKind::Volume { name: Some(name), .. } => Some(format!("writes to volume `{name}`")),
        MountKind::Bind { .. } => Some(format!("writes to the host through `{}`", mount.target)),
        // The engine mounts images read-only in any case.
        MountKind::Volume { name: None, .. } | MountKind::Tmpfs { .. } | MountKind::Image { .. } => None,
    })
}
