//! The Docker Engine: what belongs to the deployment's own application.
//!
//! Bodies and answers of the engine are JSON of its API, in the version that [`version`] tells as `Spoken`; answers of the host itself are typed.
//! Reading needs the `docker-read` grant, writing the `docker-write` grant, which only strategies can have.
//! Every change is idempotent: what is already there or already gone is success.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::Result;
use crate::bindings::imports::windlass::plugin::docker_read as host;
use crate::error::{ask, ask_json};
use crate::units::milliseconds;

mod write;

pub use write::*;

/// A host port that is in use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HostPort {
    /// The port.
    pub port: u16,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The address that it is bound to; `0.0.0.0` and `::` are all.
    #[serde(default)]
    pub address: String,
    /// The container that publishes it; none for a process outside Docker and for another owner's container.
    #[serde(default)]
    pub container: Option<String>,
    /// The application that the container belongs to.
    #[serde(default)]
    pub application: Option<String>,
}

/// `GET /version`, with `SystemTime` of the engine added.
pub fn version() -> Result<Value> {
    ask_json(host::version)
}

/// The parts of `GET /info` that a check needs, with `Disk` and `Memory` in bytes.
pub fn info() -> Result<Value> {
    ask_json(host::info)
}

/// All containers of the application, stopped ones included, as `GET /containers/json` has them.
pub fn list_containers() -> Result<Vec<Value>> {
    ask_json(host::list_containers)
}

/// One container by id or name. The code is `not-found` when it is gone or belongs to another application.
pub fn inspect_container(container: &str) -> Result<Value> {
    ask_json(|| host::inspect_container(container))
}

/// Networks and volumes of the application, and those that its plan names as external:
/// `{"networks": […], "volumes": […]}`.
pub fn list_resources() -> Result<Value> {
    ask_json(host::list_resources)
}

/// One network by name.
pub fn inspect_network(name: &str) -> Result<Value> {
    ask_json(|| host::inspect_network(name))
}

/// One volume by name.
pub fn inspect_volume(name: &str) -> Result<Value> {
    ask_json(|| host::inspect_volume(name))
}

/// One image by reference; the code is `not-found` when it is not on the host.
pub fn inspect_image(reference: &str) -> Result<Value> {
    ask_json(|| host::inspect_image(reference))
}

/// All host ports that are in use, by containers or by other programs of the host.
pub fn host_ports() -> Result<Vec<HostPort>> {
    ask_json(host::host_ports)
}

/// The last lines that a container wrote, redacted; at most 1,000.
pub fn logs(container: &str, tail: u32) -> Result<Vec<String>> {
    ask(|| host::logs(container, tail))
}

/// Opens a TCP connection to `address:port` from inside a container's network namespace and closes it;
/// `None` connects from the host.
pub fn probe_tcp(origin: Option<&str>, address: &str, port: u16, timeout: Duration) -> Result<()> {
    ask(|| host::probe_tcp(origin, address, port, milliseconds(timeout)))
}

/// A subscription to the engine's events about the application's containers.
#[derive(Debug)]
pub struct Events {
    events: host::Events,
}

/// Starts to listen. Subscribe first, look second, wait third: nothing is missed that way.
pub fn subscribe() -> Result<Events> {
    Ok(Events { events: ask(host::subscribe)? })
}

impl Events {
    /// The next event as the engine wrote it, or `None` when `wait` passed without one. After
    /// `{"Type": "windlass", "Action": "reconnected"}` look again at what you wait for.
    pub fn next(&self, wait: Duration) -> Result<Option<Value>> {
        let event = ask(|| self.events.next(milliseconds(wait)))?;
        Ok(event.map(|event| serde_json::from_str(&event)).transpose()?)
    }
}
