//! The WebAssembly engine: one for the whole process, and the clock that looks in on running plugins.
//!
//! The engine of this process never compiles: that is the child process of `compile`, with the same settings.

use std::hash::Hash as _;
use std::num::NonZeroUsize;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wasmtime::{Config, Engine, EngineWeak, ModuleVersionStrategy, WasmBacktraceDetails};

/// The exact version of wasmtime. Wasmtime itself compares only the major one, and would run code from before a fix.
pub(super) const WASMTIME_VERSION: &str = "48.0.8";

/// How often running plugins are looked in on.
const TICK: Duration = Duration::from_millis(10);

/// How much stack a plugin has, in bytes.
pub(super) const STACK: usize = 512 << 10;

/// The settings under which plugins are compiled and run; both must be the same.
pub(super) fn settings() -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // WASI 0.3's asynchronous calls are experimental, and slow down the calls that we have.
        .concurrency_support(false)
        .max_wasm_stack(STACK)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .async_stack_zeroing(true)
        .wasm_backtrace_max_frames(NonZeroUsize::new(32))
        .wasm_backtrace_details(WasmBacktraceDetails::Enable)
        .native_unwind_info(false)
        .module_version(ModuleVersionStrategy::Custom(WASMTIME_VERSION.to_owned()))?;
    Ok(config)
}

/// An engine and its clock. The clock's thread sleeps while no plugin runs and ends with the last clone.
#[derive(Clone)]
pub(super) struct Runtime(Arc<Inner>);

struct Inner {
    engine: Engine,
    clock: Arc<Clock>,
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

impl Runtime {
    pub(super) fn new() -> wasmtime::Result<Self> {
        let engine = Engine::new(&settings()?)?;
        let clock = Arc::new(Clock::default());
        let (weak, ticking) = (engine.weak(), Arc::clone(&clock));
        std::thread::Builder::new().name("plugin-clock".to_owned()).spawn(move || ticking.run(&weak))?;
        Ok(Self(Arc::new(Inner { engine, clock })))
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Keeps the clock ticking until it is dropped.
    pub(super) fn running(&self) -> Running {
        self.0.clock.change(|state| state.running += 1);
        Running { clock: Arc::clone(&self.0.clock) }
    }

    /// A fingerprint of everything that compiled code depends on.
    pub(super) fn compatibility(&self) -> String {
        let mut hasher = StableHasher(Sha256::new());
        self.engine().precompile_compatibility_hash().hash(&mut hasher);
        hex::encode(&hasher.0.finalize()[..8])
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.clock.change(|state| state.ended = true);
    }
}

/// A guard that keeps the clock ticking until it is dropped.
pub(super) struct Running {
    clock: Arc<Clock>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.clock.change(|state| state.running = state.running.saturating_sub(1));
    }
}

#[derive(Default)]
struct Clock {
    state: Mutex<ClockState>,
    changed: Condvar,
}

#[derive(Default)]
struct ClockState {
    running: usize,
    ended: bool,
}

impl Clock {
    fn change(&self, change: impl FnOnce(&mut ClockState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    fn run(&self, engine: &EngineWeak) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while !state.ended {
            if state.running == 0 {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            drop(state);
            std::thread::sleep(TICK);
            let Some(engine) = engine.upgrade() else { return };
            engine.increment_epoch();
            state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Wasmtime offers a `Hash`; the standard hashers may change between releases of Rust, this one does not.
struct StableHasher(Sha256);

impl std::hash::Hasher for StableHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_in_the_cache_key_is_the_one_that_is_linked() {
        let lock = include_str!("../../../Cargo.lock");
        assert!(lock.contains(&format!("name = \"wasmtime\"\nversion = \"{WASMTIME_VERSION}\"\n")));
    }

    #[test]
    fn two_engines_of_one_build_can_share_compiled_code() -> wasmtime::Result<()> {
        assert_eq!(Runtime::new()?.compatibility(), Runtime::new()?.compatibility());
        Ok(())
    }
}
