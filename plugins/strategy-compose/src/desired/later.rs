//! What engines learned after the oldest that is spoken to: looked for in the files, and refused by name where the API
//! in which the agent speaks to this engine does not have it. The engine would ignore it in silence.
//!
//! The bodies say it in any case: nothing is made of files that were refused.

use serde_json::Value;
use windlass_compose::{Application, BindOptions, MountKind, Position, Problem, Service};

use crate::json;

/// The API in which the agent speaks to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Api {
    version: (u32, u32),
    /// The engine, for people: `Docker 20.10.24`.
    engine: String,
}

impl Api {
    /// From the host's answer about the engine's version. A host that does not say in which API it speaks knows only
    /// the oldest.
    pub(crate) fn read(version: &Value) -> Self {
        let spoken = json::text(version, "/Spoken").and_then(|text| {
            let (major, minor) = text.split_once('.')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        });
        let number = json::text(version, "/Version").unwrap_or_default();
        Self { version: spoken.unwrap_or(OLDEST), engine: format!("Docker {number}") }
    }

    /// The oldest that is spoken, for files to which the engine does not matter.
    pub(crate) fn oldest() -> Self {
        Self { version: OLDEST, engine: "Docker 20.10".to_owned() }
    }

    fn has(&self, since: Since) -> bool {
        self.version >= (1, since.minor)
    }
}

const OLDEST: (u32, u32) = (1, 41);

/// Since when engines have something.
#[derive(Debug, Clone, Copy)]
struct Since {
    /// The minor version of the API.
    minor: u32,
    /// The release of Docker that brought it.
    docker: &'static str,
}

const CREATE_MOUNTPOINT: Since = Since { minor: 42, docker: "23.0" };
const ANNOTATIONS: Since = Since { minor: 43, docker: "24.0" };
const START_INTERVAL: Since = Since { minor: 44, docker: "25.0" };
const READ_ONLY_RECURSIVE: Since = START_INTERVAL;
const SUBPATH: Since = Since { minor: 45, docker: "26.0" };
const GATEWAY_PRIORITY: Since = Since { minor: 48, docker: "28.0" };
const WITHOUT_IPV4: Since = GATEWAY_PRIORITY;

/// Something that only newer engines have.
struct Wish<'a> {
    position: &'a Position,
    key: String,
    since: Since,
}

/// Whether the files say anything for which the engine's version matters.
pub(crate) fn is_any(application: &Application) -> bool {
    !wishes(application).is_empty()
}

/// Refuses what this engine does not have.
pub(super) fn add(application: &Application, api: &Api, problems: &mut Vec<Problem>) {
    for wish in wishes(application).iter().filter(|wish| !api.has(wish.since)) {
        let ((major, minor), Since { minor: needed, docker }) = (api.version, wish.since);
        let message = format!(
            "`{}` needs Docker's API 1.{needed} (Docker {docker}); this engine speaks {major}.{minor} ({})",
            wish.key, api.engine
        );
        problems.push(Problem::at(wish.position, message).hint("leave it out, or update the engine"));
    }
}

fn wishes(application: &Application) -> Vec<Wish<'_>> {
    let mut wishes = Vec::new();
    for (key, network) in &application.networks {
        if network.enable_ipv4 == Some(false)
            && let Some(position) = &network.position
        {
            wishes.push(Wish { position, key: format!("networks.{key}.enable_ipv4"), since: WITHOUT_IPV4 });
        }
    }
    for service in application.services.values().filter(|service| service.replicas() > 0) {
        of_service(service, &mut wishes);
    }
    wishes
}

fn of_service<'a>(service: &'a Service, wishes: &mut Vec<Wish<'a>>) {
    let mut wish = |position: &'a Position, key: &str, since: Since| {
        wishes.push(Wish { position, key: format!("services.{}.{key}", service.name), since });
    };
    if service.healthcheck.as_ref().is_some_and(|check| check.start_interval.is_some()) {
        wish(&service.position, "healthcheck.start_interval", START_INTERVAL);
    }
    if !service.annotations.is_empty() {
        wish(&service.position, "annotations", ANNOTATIONS);
    }
    for (key, network) in &service.networks {
        if network.gw_priority.is_some() {
            let position = network.position.as_ref().unwrap_or(&service.position);
            wish(position, &format!("networks.{key}.gw_priority"), GATEWAY_PRIORITY);
        }
    }
    for mount in &service.mounts {
        match &mount.kind {
            MountKind::Volume { options: Some(options), .. } if options.subpath.is_some() => {
                wish(&mount.position, "volumes.volume.subpath", SUBPATH);
            }
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
