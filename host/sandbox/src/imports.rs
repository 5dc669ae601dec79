//! What the contract's imports do, one small file each: they adapt types and hand over to `windlass_capability`, which decides.

use super::bindings::imports::windlass::plugin::common as wit;

pub(super) mod context;
pub(super) mod docker;
mod docker_write;
mod exec;
mod files;
pub(super) mod http;
mod log;
mod registry;
mod secrets;
mod state;

/// What an import returns: the outer error ends the call, the inner one is for the plugin.
type ImportResult<T> = wasmtime::Result<Result<T, wit::Failure>>;
