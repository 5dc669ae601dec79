//! `context`: the host's information for a plugin about the deployment.

use std::sync::Arc;

use tokio::time::Instant;
use wasmtime::component::Resource;

use crate::bindings::imports::windlass::plugin::{common, context};
use crate::call::Call;
use crate::convert::to_json;
use crate::sandbox::Sandbox;

/// The one context of a call. All that it tells is in the sandbox.
#[expect(unreachable_pub, reason = "named by generated code, which is public within this module's parent")]
pub struct Context;

impl common::Host for Sandbox {}
impl context::Host for Sandbox {}

impl Sandbox {
    fn told(&self) -> wasmtime::Result<Arc<Call>> {
        self.call.clone().ok_or_else(|| wasmtime::Error::msg("there is no deployment here"))
    }
}

impl context::HostCtx for Sandbox {
    async fn deployment(&mut self, _: Resource<Context>) -> wasmtime::Result<String> {
        Ok(self.told()?.about.deployment.clone())
    }

    async fn application(&mut self, _: Resource<Context>) -> wasmtime::Result<String> {
        Ok(self.told()?.about.application.clone())
    }

    async fn environment(&mut self, _: Resource<Context>) -> wasmtime::Result<String> {
        Ok(self.told()?.about.environment.clone())
    }

    async fn purpose(&mut self, _: Resource<Context>) -> wasmtime::Result<String> {
        Ok(self.told()?.about.purpose.word().to_owned())
    }

    async fn release(&mut self, _: Resource<Context>) -> wasmtime::Result<String> {
        Ok(to_json(&*self.told()?.about.release))
    }

    async fn running(&mut self, _: Resource<Context>) -> wasmtime::Result<Option<String>> {
        Ok(self.told()?.about.running.as_deref().map(to_json))
    }

    async fn plan(&mut self, _: Resource<Context>) -> wasmtime::Result<Option<String>> {
        Ok(self.told()?.about.plan.as_deref().map(to_json))
    }

    async fn config(&mut self, _: Resource<Context>) -> wasmtime::Result<String> {
        Ok(to_json(&*self.told()?.config))
    }

    async fn variables(&mut self, _: Resource<Context>) -> wasmtime::Result<String> {
        Ok(to_json(&*self.told()?.variables))
    }

    async fn host(&mut self, _: Resource<Context>) -> wasmtime::Result<String> {
        Ok(to_json(&*self.told()?.host))
    }

    async fn attempt(&mut self, _: Resource<Context>) -> wasmtime::Result<u32> {
        Ok(self.told()?.attempt)
    }

    async fn remaining_ms(&mut self, _: Resource<Context>) -> wasmtime::Result<u64> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        Ok(u64::try_from(left.as_millis()).unwrap_or(u64::MAX))
    }

    async fn cancelled(&mut self, _: Resource<Context>) -> wasmtime::Result<bool> {
        Ok(self.told()?.cancel.is_cancelled())
    }

    async fn last_facts(&mut self, _: Resource<Context>, most: u32) -> wasmtime::Result<Vec<String>> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Ok(self.told()?.last_facts.iter().take(most).map(to_json).collect())
    }

    async fn drop(&mut self, context: Resource<Context>) -> wasmtime::Result<()> {
        self.table.delete(context)?;
        Ok(())
    }
}
