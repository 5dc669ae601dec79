//! `files`: roots with names, through `windlass_capability::files`.

use super::ImportResult;
use crate::bindings::imports::windlass::plugin::files;
use crate::sandbox::Sandbox;

impl files::Host for Sandbox {
    async fn read(&mut self, root: String, path: String) -> ImportResult<Vec<u8>> {
        let host = self.capabilities();
        let answer = async { host?.files.read(&root, &path).await }.await;
        self.answer(answer)
    }

    async fn stat(&mut self, root: String, path: String) -> ImportResult<Option<files::Metadata>> {
        let host = self.capabilities();
        let answer = async { host?.files.stat(&root, &path).await }.await;
        let metadata = |found: windlass_capability::files::Metadata| files::Metadata {
            size: found.size,
            directory: found.directory,
        };
        self.answer(answer.map(|found| found.map(metadata)))
    }

    async fn list_directory(&mut self, root: String, path: String) -> ImportResult<Vec<String>> {
        let host = self.capabilities();
        let answer = async { host?.files.list_directory(&root, &path).await }.await;
        self.answer(answer)
    }

    async fn write_atomic(&mut self, root: String, path: String, data: Vec<u8>) -> ImportResult<()> {
        let host = self.capabilities();
        let answer = async { host?.files.write_atomic(&root, &path, data).await }.await;
        self.answer(answer)
    }
}
