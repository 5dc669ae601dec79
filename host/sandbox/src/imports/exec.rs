//! `exec`: the operator's commands, through `windlass_capability::exec`.

use super::ImportResult;
use crate::bindings::imports::windlass::plugin::exec;
use crate::sandbox::Sandbox;

impl exec::Host for Sandbox {
    async fn run(&mut self, command: String, arguments: Vec<String>, stdin: Vec<u8>) -> ImportResult<exec::Output> {
        let host = self.capabilities();
        let answer = async { host?.exec.run(&command, &arguments, stdin).await }.await;
        self.answer(answer.map(|output| exec::Output {
            exit_code: output.exit_code,
            stdout: output.stdout,
            stderr: output.stderr,
            truncated: output.truncated,
        }))
    }
}
