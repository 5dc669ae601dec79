//! Counts what one call uses, and stops it at its limits.
//!
//! Wasmtime asks before memory and tables grow, reports when the plugin calls the host and when that call returns, and
//! asks again at every tick of the clock. Deadlines are not here: a plugin that sleeps in the host uses nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::{CallHook, ResourceLimiter, UpdateDeadline};
use windlass_config::Limits;

use super::limits::{bytes, size};

/// Why a call was stopped. The text continues "it was stopped: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stop {
    /// It reached a limit.
    #[error("it {did} (limit `{limit}` = {allowed})")]
    Limit {
        /// The limit's name in `agent.toml`.
        limit: &'static str,
        /// What it did.
        did: &'static str,
        /// How much is allowed.
        allowed: String,
    },
}

/// What one call has used so far.
#[derive(Debug)]
pub(super) struct Meter {
    pub(super) limits: Arc<Limits>,
    memory: usize,
    table_elements: usize,
    calls: u64,
    computed: Duration,
    /// Since when the plugin's own code runs; none while the host works for it.
    since: Option<Instant>,
}

impl Meter {
    pub(super) fn new(limits: Arc<Limits>) -> Self {
        Self { limits, memory: 0, table_elements: 0, calls: 0, computed: Duration::ZERO, since: None }
    }

    /// The plugin goes into the host or comes back from it.
    pub(super) fn crossing(&mut self, hook: CallHook) -> wasmtime::Result<()> {
        match &hook {
            CallHook::CallingWasm | CallHook::ReturningFromHost => self.since = Some(Instant::now()),
            CallHook::CallingHost | CallHook::ReturningFromWasm => {
                if let Some(since) = self.since.take() {
                    self.computed += since.elapsed();
                }
                if matches!(hook, CallHook::CallingHost) {
                    self.host_call()?;
                }
            }
        }
        Ok(())
    }

    /// The clock ticked while the plugin computed. It goes on, after others had their turn, unless its time is up.
    pub(super) fn tick(&mut self) -> wasmtime::Result<UpdateDeadline> {
        let running = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        if self.computed + running > self.limits.cpu {
            return Err(Stop::Limit {
                limit: "cpu",
                did: "computed for too long without an answer",
                allowed: format!("{:?}", self.limits.cpu),
            }
            .into());
        }
        Ok(UpdateDeadline::Yield(1))
    }

    /// The plugin leaves its own code.
    fn host_call(&mut self) -> wasmtime::Result<()> {
        self.calls += 1;
        if self.calls > self.limits.host_calls {
            return Err(Stop::Limit {
                limit: "host-calls",
                did: "asked the host too often",
                allowed: self.limits.host_calls.to_string(),
            }
            .into());
        }
        Ok(())
    }

    /// How long the plugin's own code ran.
    pub(super) fn computed(&self) -> Duration {
        self.computed
    }

    /// The most memory that it had.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_sub(current).saturating_add(desired);
        if total > size(self.limits.memory) {
            return Err(Stop::Limit {
                limit: "memory",
                did: "needs more memory than it may have",
                allowed: bytes(self.limits.memory),
            }
            .into());
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_sub(current).saturating_add(desired);
        if total > size(self.limits.table_elements) {
            return Err(Stop::Limit {
                limit: "table-elements",
                did: "needs larger tables than it may have",
                allowed: self.limits.table_elements.to_string(),
            }
            .into());
        }
        self.table_elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        size(self.limits.instances)
    }

    fn tables(&self) -> usize {
        size(self.limits.instances)
    }

    fn memories(&self) -> usize {
        size(self.limits.instances)
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::defaults;
    use super::*;

    #[test]
    fn counts_all_memories_together_and_names_the_limit() {
        let limits = Limits { memory: 1 << 20, ..defaults() };
        let mut meter = Meter::new(Arc::new(limits));
        assert!(meter.memory_growing(0, 600 << 10, None).is_ok());
        let refused = meter.memory_growing(0, 600 << 10, None);
        let text = refused.map_err(|error| error.to_string());
        assert_eq!(text, Err("it needs more memory than it may have (limit `memory` = 1 MiB)".to_owned()));
    }

    #[test]
    fn does_not_count_the_time_in_the_host() {
        let mut meter = Meter::new(Arc::new(Limits { cpu: Duration::from_nanos(1), ..defaults() }));
        for hook in
            [CallHook::CallingWasm, CallHook::CallingHost, CallHook::ReturningFromHost, CallHook::ReturningFromWasm]
        {
            assert!(meter.crossing(hook).is_ok());
        }
        assert!(meter.tick().is_err(), "more than a nanosecond was computed");
    }
}
