//! Whether old and new may run side by side.

use windlass_compose::{MountKind, Problem, Replace, Service};

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
    if let Some(port) = service.ports.iter().find_map(windlass_compose::Port::fixed) {
        return Some(format!("publishes port {port}"));
    }
    service.container_name.as_ref().map(|name| format!("has the container_name `{name}`"))
}

/// Data that two versions would write at the same time. Programs that are made for it say so with `x-windlass`.
fn writes(service: &Service) -> Option<String> {
    service.mounts.iter().filter(|mount| !mount.read_only).find_map(|mount| match &mount.kind {
        MountKind::Volume { name: Some(name), .. } => Some(format!("writes to volume `{name}`")),
        MountKind::Bind { .. } => Some(format!("writes to the host through `{}`", mount.target)),
        MountKind::Volume { name: None, .. } | MountKind::Tmpfs { .. } => None,
    })
}
