//! Everything that exists inside one call: WASI with nothing granted, the meter, the data that the plugin gets, and the
//! access to its capabilities. Made for the call and dropped with it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};
use windlass_capability::Capabilities;
use windlass_config::Limits;
use windlass_domain::Failure;
use windlass_foundation::progress::Level;
use windlass_foundation::redact::Redactor;

use super::bindings::imports::windlass::plugin::common as wit;
use super::call::Call;
use super::convert;
use super::imports::http::Requests;
use super::limits::{bytes, size};
use super::meter::Meter;
use super::wasi::{self, Captured, Sink};

/// The data of the WebAssembly store of one call.
pub(super) struct Sandbox {
    /// The data that the plugin gets; none in the empty sandbox of admission.
    pub(super) call: Option<Arc<Call>>,
    /// When the host ends the call.
    pub(super) deadline: Instant,
    pub(super) table: ResourceTable,
    pub(super) meter: Meter,
    pub(super) stdout: Captured,
    pub(super) stderr: Captured,
    /// What was denied, in order: it is reported to the operator even when the plugin hides it.
    pub(super) denied: Arc<Mutex<Vec<Failure>>>,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    requests: Requests,
}

impl Sandbox {
    pub(super) fn new(limits: &Arc<Limits>, redactor: &Redactor, call: Option<Arc<Call>>, deadline: Instant) -> Self {
        let sink = |level| -> Sink {
            let call = call.clone();
            Arc::new(move |line| {
                if let Some(call) = &call {
                    call.capabilities.log.log(level, line);
                }
            })
        };
        let stdout = Captured::new(size(limits.stdio), size(limits.log_line), redactor.clone(), sink(Level::Info));
        let stderr = Captured::new(size(limits.stdio), size(limits.log_line), redactor.clone(), sink(Level::Warn));
        let denied = Arc::new(Mutex::new(Vec::new()));
        let mut table = ResourceTable::new();
        table.set_max_capacity(size(limits.handles));
        Self {
            requests: Requests::new(call.clone(), Arc::clone(&denied)),
            call,
            deadline,
            table,
            meter: Meter::new(Arc::clone(limits)),
            wasi: wasi::nothing(&stdout, &stderr),
            http: WasiHttpCtx::new(),
            stdout,
            stderr,
            denied,
        }
    }

    /// What the plugin may reach.
    pub(super) fn capabilities(&self) -> Result<Arc<Capabilities>, Failure> {
        self.call.as_ref().map(|call| Arc::clone(&call.capabilities)).ok_or_else(|| Failure {
            code: "capability-denied".to_owned(),
            message: "nothing can be reached while a plugin describes itself or looks at its configuration".to_owned(),
            retryable: false,
            details: None,
        })
    }

    /// The answer of a capability, as the plugin gets it.
    #[expect(clippy::unnecessary_wraps, reason = "the shape that every import returns")]
    pub(super) fn answer<T>(&self, answer: Result<T, Failure>) -> wasmtime::Result<Result<T, wit::Failure>> {
        Ok(answer.map_err(|failure| {
            if failure.code == "capability-denied" {
                remember(&self.denied, &failure);
            }
            convert::to_failure(&failure)
        }))
    }
}

/// Keeps a denial, once.
pub(super) fn remember(denied: &Mutex<Vec<Failure>>, failure: &Failure) {
    let mut denied = denied.lock().unwrap_or_else(PoisonError::into_inner);
    if denied.len() < 20 && !denied.contains(failure) {
        denied.push(failure.clone());
    }
}

/// The failure of a document that is larger than a plugin may hand over.
pub(super) fn too_large(what: &str, limit: &str, allowed: u64) -> Failure {
    Failure {
        code: "limit-exceeded".to_owned(),
        message: format!("{what} is larger than {} (limit `{limit}`)", bytes(allowed)),
        retryable: false,
        details: None,
    }
}

impl WasiView for Sandbox {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Sandbox {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.requests }
    }
}
