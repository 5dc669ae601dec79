//! `state`: the plugin's own store, through `windlass_capability::state`.

use super::ImportResult;
use crate::bindings::imports::windlass::plugin::state;
use crate::sandbox::Sandbox;

impl state::Host for Sandbox {
    async fn get(&mut self, key: String) -> ImportResult<Option<state::Entry>> {
        let host = self.capabilities();
        let answer = async { host?.state.get(key).await }.await;
        let entry =
            |entry: windlass_capability::state::Entry| state::Entry { value: entry.value, revision: entry.revision };
        self.answer(answer.map(|found| found.map(entry)))
    }

    async fn put(&mut self, key: String, value: Vec<u8>, expected: Option<u64>) -> ImportResult<u64> {
        let host = self.capabilities();
        let answer = async { host?.state.put(key, value, expected).await }.await;
        self.answer(answer)
    }

    async fn delete(&mut self, key: String, expected: Option<u64>) -> ImportResult<()> {
        let host = self.capabilities();
        let answer = async { host?.state.delete(key, expected).await }.await;
        self.answer(answer)
    }

    async fn keys(&mut self, prefix: String) -> ImportResult<Vec<String>> {
        let host = self.capabilities();
        let answer = async { host?.state.keys(prefix).await }.await;
        self.answer(answer)
    }
}
