//! Looking: the functions of `docker-read`.

use serde_json::Value;
use windlass_documents::Failure;

use super::failure::failure;
use super::{Docker, Events};

impl Docker {
    /// `GET /version`, with the engine's `SystemTime`.
    pub async fn version(&self) -> Result<Value, Failure> {
        Err(failure("unsupported", "`version` is not there yet"))
    }

    /// What checks need of `GET /info`, with `Disk` and `Memory` of the host.
    pub async fn info(&self) -> Result<Value, Failure> {
        Err(failure("unsupported", "`info` is not there yet"))
    }

    /// `GET /containers/json` of the application, stopped ones included, in one request.
    pub async fn list_containers(&self) -> Result<Value, Failure> {
        Err(failure("unsupported", "`list_containers` is not there yet"))
    }

    /// `GET /containers/{id}/json` by id or name; another owner's container is `not-found`.
    pub async fn inspect_container(&self, container: &str) -> Result<Value, Failure> {
        let _ = (container,);
        Err(failure("unsupported", "`inspect_container` is not there yet"))
    }

    /// `{"networks": […], "volumes": […]}` of the application and its externals.
    pub async fn list_resources(&self) -> Result<Value, Failure> {
        Err(failure("unsupported", "`list_resources` is not there yet"))
    }

    /// `GET /networks/{name}`; for one of another owner only `Name`, `Id`, `Driver`, `Scope`.
    pub async fn inspect_network(&self, name: &str) -> Result<Value, Failure> {
        let _ = (name,);
        Err(failure("unsupported", "`inspect_network` is not there yet"))
    }

    /// `GET /volumes/{name}`; for one of another owner only `Name`, `Driver`.
    pub async fn inspect_volume(&self, name: &str) -> Result<Value, Failure> {
        let _ = (name,);
        Err(failure("unsupported", "`inspect_volume` is not there yet"))
    }

    /// `GET /images/{reference}/json`; `not-found` when it is not on the host.
    pub async fn inspect_image(&self, reference: &str) -> Result<Value, Failure> {
        let _ = (reference,);
        Err(failure("unsupported", "`inspect_image` is not there yet"))
    }

    /// Host ports in use by anyone.
    pub async fn host_ports(&self) -> Result<Value, Failure> {
        Err(failure("unsupported", "`host_ports` is not there yet"))
    }

    /// The last lines that a container wrote, redacted; at most 1,000.
    pub async fn logs(&self, container: &str, tail: u32) -> Result<Vec<String>, Failure> {
        let _ = (container, tail);
        Err(failure("unsupported", "`logs` is not there yet"))
    }

    /// Opens and closes a TCP connection from inside a container, or from the host.
    pub async fn probe_tcp(&self, origin: Option<&str>, address: &str, port: u16, timeout_ms: u32) -> Result<(), Failure> {
        let _ = (origin, address, port, timeout_ms);
        Err(failure("unsupported", "`probe_tcp` is not there yet"))
    }

    /// Starts to listen to events of the application's containers.
    pub async fn subscribe(&self) -> Result<Events, Failure> {
        Err(failure("unsupported", "`subscribe` is not there yet"))
    }
}
