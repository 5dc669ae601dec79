//! `secrets`: names and placeholders, through `windlass_capability::secrets`.

use super::ImportResult;
use crate::bindings::imports::windlass::plugin::secrets;
use crate::sandbox::Sandbox;

impl secrets::Host for Sandbox {
    async fn placeholder(&mut self, name: String) -> ImportResult<String> {
        let host = self.capabilities();
        let answer = async { host?.secrets.placeholder(&name).await }.await;
        self.answer(answer)
    }

    async fn reveal(&mut self, name: String) -> ImportResult<Vec<u8>> {
        let host = self.capabilities();
        let answer = async { Ok(host?.secrets.reveal(&name).await?.to_vec()) }.await;
        self.answer(answer)
    }
}
