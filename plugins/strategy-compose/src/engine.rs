//! What the strategy needs of the Docker Engine.
//!
//! In the sandbox this is the host's capability; tests give the same engine in another way.

use std::time::Duration;

use serde_json::Value;
use windlass_sdk::{Result, docker};

/// The engine, as far as this strategy uses it. Bodies and answers are those of its API; every change is
/// idempotent: what is already there or already gone is success.
pub(crate) trait Engine {
    fn version(&self) -> Result<Value>;
    fn info(&self) -> Result<Value>;
    fn containers(&self) -> Result<Vec<Value>>;
    fn container(&self, id: &str) -> Result<Value>;
    fn resources(&self) -> Result<Value>;
    fn network(&self, name: &str) -> Result<Value>;
    fn volume(&self, name: &str) -> Result<Value>;
    fn image(&self, reference: &str) -> Result<Value>;
    fn logs(&self, container: &str, tail: u32) -> Result<Vec<String>>;
    fn subscribe(&self) -> Result<Box<dyn Events>>;

    /// Whether the host would let these objects through.
    fn permits(&self, objects: &[Value]) -> Result<()>;
    fn pull(&self, reference: &str) -> Result<Value>;
    fn create(&self, name: &str, body: &Value) -> Result<String>;
    fn start(&self, container: &str) -> Result<()>;
    fn stop(&self, container: &str, grace: Duration) -> Result<()>;
    fn rename(&self, container: &str, name: &str) -> Result<()>;
    fn update(&self, container: &str, body: &Value) -> Result<()>;
    fn remove(&self, container: &str, force: bool) -> Result<()>;
    fn create_network(&self, body: &Value) -> Result<String>;
    fn remove_network(&self, name: &str) -> Result<()>;
    fn connect(&self, network: &str, container: &str, endpoint: &Value) -> Result<()>;
    fn disconnect(&self, network: &str, container: &str) -> Result<()>;
    fn create_volume(&self, body: &Value) -> Result<()>;
    fn remove_volume(&self, name: &str) -> Result<()>;
}

/// Events about the application's containers.
pub(crate) trait Events {
    /// The next one, or none when `wait` passed without one.
    fn next(&self, wait: Duration) -> Result<Option<Value>>;
}

/// The images of the application's releases, of earlier and now.
pub(crate) trait Images {
    /// Whether the engine has it.
    fn has(&self, reference: &str) -> Result<bool>;
    /// Those that came from registries, by reference with digest, whether the engine still has them or not.
    fn brought(&self) -> Result<Vec<String>>;
    /// Removes one, and returns whether it went.
    fn remove(&self, reference: &str) -> Result<bool>;
}

/// The engine behind the host's capability.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Host;

impl Engine for Host {
    fn version(&self) -> Result<Value> {
        docker::version()
    }
    fn info(&self) -> Result<Value> {
        docker::info()
    }
    fn containers(&self) -> Result<Vec<Value>> {
        docker::list_containers()
    }
    fn container(&self, id: &str) -> Result<Value> {
        docker::inspect_container(id)
    }
    fn resources(&self) -> Result<Value> {
        docker::list_resources()
    }
    fn network(&self, name: &str) -> Result<Value> {
        docker::inspect_network(name)
    }
    fn volume(&self, name: &str) -> Result<Value> {
        docker::inspect_volume(name)
    }
    fn image(&self, reference: &str) -> Result<Value> {
        docker::inspect_image(reference)
    }
    fn logs(&self, container: &str, tail: u32) -> Result<Vec<String>> {
        docker::logs(container, tail)
    }
    fn subscribe(&self) -> Result<Box<dyn Events>> {
        Ok(Box::new(docker::subscribe()?))
    }
    fn permits(&self, objects: &[Value]) -> Result<()> {
        docker::permits(objects)
    }
    fn pull(&self, reference: &str) -> Result<Value> {
        docker::pull_image(reference)
    }
    fn create(&self, name: &str, body: &Value) -> Result<String> {
        docker::create_container(name, body)
    }
    fn start(&self, container: &str) -> Result<()> {
        docker::start_container(container)
    }
    fn stop(&self, container: &str, grace: Duration) -> Result<()> {
        docker::stop_container(container, grace)
    }
    fn rename(&self, container: &str, name: &str) -> Result<()> {
        docker::rename_container(container, name)
    }
    fn update(&self, container: &str, body: &Value) -> Result<()> {
        docker::update_container(container, body)
    }
    fn remove(&self, container: &str, force: bool) -> Result<()> {
        docker::remove_container(container, force)
    }
    fn create_network(&self, body: &Value) -> Result<String> {
        docker::create_network(body)
    }
    fn remove_network(&self, name: &str) -> Result<()> {
        docker::remove_network(name)
    }
    fn connect(&self, network: &str, container: &str, endpoint: &Value) -> Result<()> {
        docker::connect_network(network, container, endpoint)
    }
    fn disconnect(&self, network: &str, container: &str) -> Result<()> {
        docker::disconnect_network(network, container)
    }
    fn create_volume(&self, body: &Value) -> Result<()> {
        docker::create_volume(body)
    }
    fn remove_volume(&self, name: &str) -> Result<()> {
        docker::remove_volume(name)
    }
}

impl Images for Host {
    fn has(&self, reference: &str) -> Result<bool> {
        or_gone(docker::inspect_image(reference)).map(|found| found.is_some())
    }
    fn brought(&self) -> Result<Vec<String>> {
        docker::brought_images()
    }
    fn remove(&self, reference: &str) -> Result<bool> {
        docker::remove_image(reference)
    }
}

impl Events for docker::Events {
    fn next(&self, wait: Duration) -> Result<Option<Value>> {
        docker::Events::next(self, wait)
    }
}

/// Success when the thing is not there (any more).
pub(crate) fn or_gone<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
