//! `registry`: what references mean, through `windlass_capability::registry`.

use super::ImportResult;
use crate::bindings::imports::windlass::plugin::registry;
use crate::sandbox::Sandbox;

impl registry::Host for Sandbox {
    async fn resolve(&mut self, reference: String) -> ImportResult<String> {
        let host = self.capabilities();
        let answer = async { Ok(host?.registry.resolve(&reference).await?.to_string()) }.await;
        self.answer(answer)
    }
}
