//! Changing: the functions of `docker-write`. Each refuses without the `docker-write` grant.

use serde_json::Value;
use windlass_documents::Failure;

use super::failure::failure;
use super::Docker;

impl Docker {
    /// Pulls an image unless it is present by digest, and returns its inspection.
    pub async fn pull_image(&self, reference: &str) -> Result<Value, Failure> {
        let _ = (reference,);
        Err(failure("unsupported", "`pull_image` is not there yet"))
    }

    /// Gives an image one more name.
    pub async fn tag_image(&self, reference: &str, target: &str) -> Result<(), Failure> {
        let _ = (reference, target);
        Err(failure("unsupported", "`tag_image` is not there yet"))
    }

    /// Removes an image without force; one that is in use, pinned or gone is success.
    pub async fn remove_image(&self, reference: &str) -> Result<(), Failure> {
        let _ = (reference,);
        Err(failure("unsupported", "`remove_image` is not there yet"))
    }

    /// Creates a container and returns its id; the same step's earlier attempt is returned as it is.
    pub async fn create_container(&self, name: &str, body: &Value) -> Result<String, Failure> {
        let _ = (name, body);
        Err(failure("unsupported", "`create_container` is not there yet"))
    }

    /// Starts a container; one that runs is success.
    pub async fn start_container(&self, container: &str) -> Result<(), Failure> {
        let _ = (container,);
        Err(failure("unsupported", "`start_container` is not there yet"))
    }

    /// Stops a container; one that is stopped or gone is success.
    pub async fn stop_container(&self, container: &str, grace_ms: u32) -> Result<(), Failure> {
        let _ = (container, grace_ms);
        Err(failure("unsupported", "`stop_container` is not there yet"))
    }

    /// Renames a container; one that has the name is success.
    pub async fn rename_container(&self, container: &str, name: &str) -> Result<(), Failure> {
        let _ = (container, name);
        Err(failure("unsupported", "`rename_container` is not there yet"))
    }

    /// Changes the restart policy and resources of a container.
    pub async fn update_container(&self, container: &str, body: &Value) -> Result<(), Failure> {
        let _ = (container, body);
        Err(failure("unsupported", "`update_container` is not there yet"))
    }

    /// Removes a container with its anonymous volumes; one that is gone is success.
    pub async fn remove_container(&self, container: &str, force: bool) -> Result<(), Failure> {
        let _ = (container, force);
        Err(failure("unsupported", "`remove_container` is not there yet"))
    }

    /// Creates a network and returns its id; the application's own of that name is returned.
    pub async fn create_network(&self, body: &Value) -> Result<String, Failure> {
        let _ = (body,);
        Err(failure("unsupported", "`create_network` is not there yet"))
    }

    /// Removes a network of the application; one that is gone is success.
    pub async fn remove_network(&self, name: &str) -> Result<(), Failure> {
        let _ = (name,);
        Err(failure("unsupported", "`remove_network` is not there yet"))
    }

    /// Connects a container; one that is connected is success.
    pub async fn connect_network(&self, network: &str, container: &str, endpoint: &Value) -> Result<(), Failure> {
        let _ = (network, container, endpoint);
        Err(failure("unsupported", "`connect_network` is not there yet"))
    }

    /// Disconnects a container; one that is not connected is success.
    pub async fn disconnect_network(&self, network: &str, container: &str) -> Result<(), Failure> {
        let _ = (network, container);
        Err(failure("unsupported", "`disconnect_network` is not there yet"))
    }

    /// Creates a volume; the application's own of that name is success.
    pub async fn create_volume(&self, body: &Value) -> Result<(), Failure> {
        let _ = (body,);
        Err(failure("unsupported", "`create_volume` is not there yet"))
    }

    /// Removes a volume with its data, and only one that this deployment created.
    pub async fn remove_volume(&self, name: &str) -> Result<(), Failure> {
        let _ = (name,);
        Err(failure("unsupported", "`remove_volume` is not there yet"))
    }
}
