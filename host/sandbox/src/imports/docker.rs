//! `docker-read`: the engine to look at, through `windlass_capability::docker`.

use wasmtime::component::Resource;
use windlass_capability::docker::Docker;
use windlass_domain::Failure;

use super::ImportResult;
use crate::bindings::imports::windlass::plugin::docker_read;
use crate::sandbox::Sandbox;

/// A subscription to events.
#[expect(unreachable_pub, reason = "named by generated code, which is public within this module's parent")]
pub use windlass_capability::docker::Events;

impl Sandbox {
    /// The engine, narrowed to what this call may see.
    pub(super) fn docker(&self) -> Result<Docker, Failure> {
        self.capabilities()?.docker.clone().ok_or_else(|| Failure {
            code: "unavailable".to_owned(),
            message: "there is no Docker Engine here".to_owned(),
            retryable: false,
            details: None,
        })
    }
}

impl docker_read::Host for Sandbox {
    async fn version(&mut self) -> ImportResult<String> {
        let docker = self.docker();
        let answer = async { Ok(docker?.version().await?.to_string()) }.await;
        self.answer(answer)
    }

    async fn info(&mut self) -> ImportResult<String> {
        let docker = self.docker();
        let answer = async { Ok(docker?.info().await?.to_string()) }.await;
        self.answer(answer)
    }

    async fn list_containers(&mut self) -> ImportResult<String> {
        let docker = self.docker();
        let answer = async { Ok(docker?.list_containers().await?.to_string()) }.await;
        self.answer(answer)
    }

    async fn inspect_container(&mut self, container: String) -> ImportResult<String> {
        let docker = self.docker();
        let answer = async { Ok(docker?.inspect_container(&container).await?.to_string()) }.await;
        self.answer(answer)
    }

    async fn list_resources(&mut self) -> ImportResult<String> {
        let docker = self.docker();
        let answer = async { Ok(docker?.list_resources().await?.to_string()) }.await;
        self.answer(answer)
    }

    async fn inspect_network(&mut self, name: String) -> ImportResult<String> {
        let docker = self.docker();
        let answer = async { Ok(docker?.inspect_network(&name).await?.to_string()) }.await;
        self.answer(answer)
    }

    async fn inspect_volume(&mut self, name: String) -> ImportResult<String> {
        let docker = self.docker();
        let answer = async { Ok(docker?.inspect_volume(&name).await?.to_string()) }.await;
        self.answer(answer)
    }

    async fn inspect_image(&mut self, reference: String) -> ImportResult<String> {
        let docker = self.docker();
        let answer = async { Ok(docker?.inspect_image(&reference).await?.to_string()) }.await;
        self.answer(answer)
    }

    async fn host_ports(&mut self) -> ImportResult<String> {
        let docker = self.docker();
        let answer = async { Ok(docker?.host_ports().await?.to_string()) }.await;
        self.answer(answer)
    }

    async fn logs(&mut self, container: String, tail: u32) -> ImportResult<Vec<String>> {
        let docker = self.docker();
        let answer = async { docker?.logs(&container, tail).await }.await;
        self.answer(answer)
    }

    async fn probe_tcp(
        &mut self,
        origin: Option<String>,
        address: String,
        port: u16,
        timeout_ms: u32,
    ) -> ImportResult<()> {
        let docker = self.docker();
        let answer = async { docker?.probe_tcp(origin.as_deref(), &address, port, timeout_ms).await }.await;
        self.answer(answer)
    }

    async fn subscribe(&mut self) -> ImportResult<Resource<Events>> {
        let docker = self.docker();
        let events = async { docker?.subscribe().await }.await;
        match self.answer(events)? {
            Ok(events) => Ok(Ok(self.table.push(events)?)),
            Err(failure) => Ok(Err(failure)),
        }
    }
}

impl docker_read::HostEvents for Sandbox {
    async fn next(&mut self, events: Resource<Events>, wait_ms: u32) -> ImportResult<Option<String>> {
        let answer = self.table.get_mut(&events)?.next(wait_ms).await;
        self.answer(answer.map(|event| event.map(|event| event.to_string())))
    }

    async fn drop(&mut self, events: Resource<Events>) -> wasmtime::Result<()> {
        self.table.delete(events)?;
        Ok(())
    }
}
