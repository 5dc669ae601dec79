//! `docker-write`: the engine to change, through `windlass_capability::docker`. Linked for strategies alone.

use super::ImportResult;
use crate::bindings::imports::windlass::plugin::docker_write;
use crate::convert::argument;
use crate::sandbox::Sandbox;

impl docker_write::Host for Sandbox {
    async fn pull_image(&mut self, reference: String) -> ImportResult<String> {
        let docker = self.docker();
        let answer = async { Ok(docker?.pull_image(&reference).await?.to_string()) }.await;
        self.answer(answer)
    }

    async fn tag_image(&mut self, reference: String, target: String) -> ImportResult<()> {
        let docker = self.docker();
        let answer = async { docker?.tag_image(&reference, &target).await }.await;
        self.answer(answer)
    }

    async fn brought_images(&mut self) -> ImportResult<Vec<String>> {
        let answer = self.docker().and_then(|docker| docker.brought_images());
        self.answer(answer)
    }

    async fn remove_image(&mut self, reference: String) -> ImportResult<bool> {
        let docker = self.docker();
        let answer = async { docker?.remove_image(&reference).await }.await;
        self.answer(answer)
    }

    async fn create_container(&mut self, name: String, body: String) -> ImportResult<String> {
        let docker = self.docker();
        let answer = async { docker?.create_container(&name, &argument("body", &body)?).await }.await;
        self.answer(answer)
    }

    async fn start_container(&mut self, container: String) -> ImportResult<()> {
        let docker = self.docker();
        let answer = async { docker?.start_container(&container).await }.await;
        self.answer(answer)
    }

    async fn stop_container(&mut self, container: String, grace_ms: u32) -> ImportResult<()> {
        let docker = self.docker();
        let answer = async { docker?.stop_container(&container, grace_ms).await }.await;
        self.answer(answer)
    }

    async fn rename_container(&mut self, container: String, name: String) -> ImportResult<()> {
        let docker = self.docker();
        let answer = async { docker?.rename_container(&container, &name).await }.await;
        self.answer(answer)
    }

    async fn update_container(&mut self, container: String, body: String) -> ImportResult<()> {
        let docker = self.docker();
        let answer = async { docker?.update_container(&container, &argument("body", &body)?).await }.await;
        self.answer(answer)
    }

    async fn remove_container(&mut self, container: String, force: bool) -> ImportResult<()> {
        let docker = self.docker();
        let answer = async { docker?.remove_container(&container, force).await }.await;
        self.answer(answer)
    }

    async fn create_network(&mut self, body: String) -> ImportResult<String> {
        let docker = self.docker();
        let answer = async { docker?.create_network(&argument("body", &body)?).await }.await;
        self.answer(answer)
    }

    async fn remove_network(&mut self, name: String) -> ImportResult<()> {
        let docker = self.docker();
        let answer = async { docker?.remove_network(&name).await }.await;
        self.answer(answer)
    }

    async fn connect_network(&mut self, network: String, container: String, endpoint: String) -> ImportResult<()> {
        let docker = self.docker();
        let answer =
            async { docker?.connect_network(&network, &container, &argument("endpoint", &endpoint)?).await }.await;
        self.answer(answer)
    }

    async fn disconnect_network(&mut self, network: String, container: String) -> ImportResult<()> {
        let docker = self.docker();
        let answer = async { docker?.disconnect_network(&network, &container).await }.await;
        self.answer(answer)
    }

    async fn create_volume(&mut self, body: String) -> ImportResult<()> {
        let docker = self.docker();
        let answer = async { docker?.create_volume(&argument("body", &body)?).await }.await;
        self.answer(answer)
    }

    async fn permits(&mut self, objects: String) -> ImportResult<()> {
        let docker = self.docker();
        let answer = async { docker?.permits(&argument("objects", &objects)?).await }.await;
        self.answer(answer)
    }

    async fn remove_volume(&mut self, name: String) -> ImportResult<()> {
        let docker = self.docker();
        let answer = async { docker?.remove_volume(&name).await }.await;
        self.answer(answer)
    }
}
