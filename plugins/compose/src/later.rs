//! What engines learned after the oldest API that is spoken, 1.41: which of it the files ask for.
//!
//! It refuses nothing: whether an engine has it, its strategy knows.

use crate::{Application, BindOptions, MountKind, Position, Service};

/// Something that only newer engines have.
#[derive(Debug, Clone)]
pub struct Later<'a> {
    /// Where the files ask for it.
    pub position: &'a Position,
    /// Such as `services.web.annotations`.
    pub key: String,
    /// The minor version of the engine's API 1 that brought it.
    pub minor: u32,
    /// The release of Docker that brought it.
    pub docker: &'static str,
}

/// Since when engines have something: the minor version of the API, and the release of Docker.
type Since = (u32, &'static str);

const CREATE_MOUNTPOINT: Since = (42, "23.0");
const ANNOTATIONS: Since = (43, "24.0");
const START_INTERVAL: Since = (44, "25.0");
const READ_ONLY_RECURSIVE: Since = START_INTERVAL;
const ADDRESS_OF_CONNECTION: Since = START_INTERVAL;
const SUBPATH: Since = (45, "26.0");
const GATEWAY_PRIORITY: Since = (48, "28.0");
const IMAGE_MOUNT: Since = GATEWAY_PRIORITY;
const WITHOUT_IPV4: Since = GATEWAY_PRIORITY;

impl Application {
    /// What the files ask for that only newer engines have. Services without a container ask for nothing.
    #[must_use]
    pub fn later(&self) -> Vec<Later<'_>> {
        let mut all = Vec::new();
        for (key, network) in &self.networks {
            if let (Some(false), Some(position)) = (network.enable_ipv4, &network.position) {
                all.push(later(position, format!("networks.{key}.enable_ipv4"), WITHOUT_IPV4));
            }
        }
        for service in self.services.values().filter(|service| service.replicas() > 0) {
            of_service(service, &mut all);
        }
        all
    }
}

fn later(position: &Position, key: String, (minor, docker): Since) -> Later<'_> {
    Later { position, key, minor, docker }
}

fn of_service<'a>(service: &'a Service, all: &mut Vec<Later<'a>>) {
    let mut wish = |position: &'a Position, key: &str, since: Since| {
        all.push(later(position, format!("services.{}.{key}", service.name), since));
    };
    if service.healthcheck.as_ref().is_some_and(|check| check.start_interval.is_some()) {
        wish(&service.position, "healthcheck.start_interval", START_INTERVAL);
    }
    if !service.annotations.is_empty() {
        wish(&service.position, "annotations", ANNOTATIONS);
    }
    for (place, (key, network)) in service.networks_in_order().into_iter().enumerate() {
        let position = network.position.as_ref().unwrap_or(&service.position);
        if network.gw_priority.is_some() {
            wish(position, &format!("networks.{key}.gw_priority"), GATEWAY_PRIORITY);
        }
        // Every engine takes that of the first network, as the container's own.
        if network.mac_address.is_some() && place > 0 {
            wish(position, &format!("networks.{key}.mac_address"), ADDRESS_OF_CONNECTION);
        }
    }
    for mount in &service.mounts {
        match &mount.kind {
            MountKind::Volume { options: Some(options), .. } if options.subpath.is_some() => {
                wish(&mount.position, "volumes.volume.subpath", SUBPATH);
            }
            MountKind::Image { .. } => wish(&mount.position, "volumes.image", IMAGE_MOUNT),
            MountKind::Bind { options: Some(options), .. } => {
                if let Some(since) = of_recursion(options) {
                    wish(&mount.position, "volumes.bind.recursive", since);
                }
            }
            _ => {}
        }
    }
}

/// Every engine can leave the file systems below a directory out; what needs more is how.
fn of_recursion(options: &BindOptions) -> Option<Since> {
    match options.recursive.as_deref()? {
        "enabled" => None,
        "disabled" => options.create_host_path.then_some(CREATE_MOUNTPOINT),
        _ => Some(READ_ONLY_RECURSIVE),
    }
}
