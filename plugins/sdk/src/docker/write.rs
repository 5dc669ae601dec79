//! What only a strategy may do.

use std::time::Duration;

use serde_json::Value;

use crate::Result;
use crate::bindings::imports::windlass::plugin::docker_write as host;
use crate::error::{ask, ask_json};
use crate::units::milliseconds;

/// Pulls an image with the operator's credentials and returns its inspection. One present by digest is not asked for.
pub fn pull_image(reference: &str) -> Result<Value> {
    ask_json(|| host::pull_image(reference))
}

/// Gives an image another name.
pub fn tag_image(reference: &str, target: &str) -> Result<()> {
    ask(|| host::tag_image(reference, target))
}

/// The images that the application's releases brought from registries, by reference with digest. The engine may not have
/// each of them any more.
pub fn brought_images() -> Result<Vec<String>> {
    ask(host::brought_images)
}

/// Removes an image without force, and returns whether it went: one that is in use, that a kept release needs or that is
/// gone already does not.
pub fn remove_image(reference: &str) -> Result<bool> {
    ask(|| host::remove_image(reference))
}

/// Creates a container from a body of `POST /containers/create`; returns the id.
pub fn create_container(name: &str, body: &Value) -> Result<String> {
    ask(|| host::create_container(name, &body.to_string()))
}

/// Starts a container.
pub fn start_container(container: &str) -> Result<()> {
    ask(|| host::start_container(container))
}

/// Stops a container: its stop signal, `grace`, then SIGKILL.
pub fn stop_container(container: &str, grace: Duration) -> Result<()> {
    ask(|| host::stop_container(container, milliseconds(grace)))
}

/// Renames a container.
pub fn rename_container(container: &str, name: &str) -> Result<()> {
    ask(|| host::rename_container(container, name))
}

/// Changes a container's restart policy and resources: a body of `POST /containers/{id}/update`.
pub fn update_container(container: &str, body: &Value) -> Result<()> {
    ask(|| host::update_container(container, &body.to_string()))
}

/// Removes a container. Its anonymous volumes go with it where the running deployment made it, or where its label
/// `windlass.volumes` is `discard`; otherwise they stay.
pub fn remove_container(container: &str, force: bool) -> Result<()> {
    ask(|| host::remove_container(container, force))
}

/// Whether the host would let these objects through: `{"network": BODY}`, `{"volume": BODY}`, `{"container": BODY}`.
/// For plans, so that what is refused is refused before anything is touched.
pub fn permits(objects: &[Value]) -> Result<()> {
    let objects = Value::from(objects.to_vec()).to_string();
    ask(|| host::permits(&objects))
}

/// Creates a network from a body of `POST /networks/create`; returns the id.
pub fn create_network(body: &Value) -> Result<String> {
    ask(|| host::create_network(&body.to_string()))
}

/// Removes a network of the application.
pub fn remove_network(name: &str) -> Result<()> {
    ask(|| host::remove_network(name))
}

/// Connects a container to a network; `endpoint` is the `EndpointConfig`.
pub fn connect_network(network: &str, container: &str, endpoint: &Value) -> Result<()> {
    ask(|| host::connect_network(network, container, &endpoint.to_string()))
}

/// Disconnects a container from a network.
pub fn disconnect_network(network: &str, container: &str) -> Result<()> {
    ask(|| host::disconnect_network(network, container))
}

/// Creates a volume from a body of `POST /volumes/create`.
pub fn create_volume(body: &Value) -> Result<()> {
    ask(|| host::create_volume(&body.to_string()))
}

/// Removes a volume **with its data**, and only one that this deployment created.
pub fn remove_volume(name: &str) -> Result<()> {
    ask(|| host::remove_volume(name))
}
