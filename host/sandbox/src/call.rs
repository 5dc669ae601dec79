//! One call of a plugin: a store of its own, every limit, a deadline, and a clear end.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use wasmtime::Store;
use windlass_capability::Capabilities;
use windlass_config::Limits;
use windlass_domain::Failure;
use windlass_foundation::call::CallContext;
use windlass_foundation::identity::Identity;
use windlass_foundation::redact::Redactor;
use windlass_foundation::tally::Tally;

use super::bindings::imports::windlass::plugin::common as wit;
use super::convert::Cleaner;
use super::engine::Runtime;
use super::failure::{Ended, explain, with_denials};
use super::limits::size;
use super::program::{PluginFunction, Program, Returned};
use super::sandbox::Sandbox;

/// How long a plugin may go on after it was asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The data that a plugin gets and the capabilities that it may use, for one call.
#[derive(Debug, Clone)]
pub struct Call {
    /// What it is about.
    pub about: Arc<CallContext>,
    /// The plugin's `with` table.
    pub config: Arc<Value>,
    /// Variables for interpolation; secrets as placeholders.
    pub variables: Arc<BTreeMap<String, String>>,
    /// Facts about the host: `{"hostname", "os", "architecture", "time"}`, for a strategy also `data-root` or
    /// `data-root-grant`.
    pub host: Arc<Value>,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// What this recorder returned for its last events of this application, the newest first.
    pub last_facts: Arc<Vec<Value>>,
    /// When the host ends the call; none means [`Limits::call`] from now.
    pub deadline: Option<Instant>,
    /// Ends the call early: the plugin sees it through `cancelled`, and is stopped after five seconds.
    pub cancel: CancellationToken,
    /// What the plugin may reach, made for this call.
    pub capabilities: Arc<Capabilities>,
}

/// Calls one plugin.
pub(super) struct Caller<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) identity: &'a Identity,
    pub(super) program: &'a Program,
    pub(super) limits: &'a Arc<Limits>,
    pub(super) redactor: &'a Redactor,
}

impl Caller<'_> {
    /// Asks and waits for the answer, its deadline, or the end of the grace after a cancellation.
    pub(super) async fn ask(&self, request: PluginFunction, call: Option<Arc<Call>>) -> Result<Returned, Failure> {
        if !self.program.has(&request) {
            let message = format!("{} is a {} and has no `{}`", self.identity, self.program.kind(), request.function());
            return Err(Failure { code: "invalid-argument".to_owned(), message, retryable: false, details: None });
        }
        let started = Instant::now();
        let deadline = call.as_ref().and_then(|call| call.deadline).unwrap_or_else(|| started + self.limits.call);
        let cancel = call.as_ref().map(|call| call.cancel.clone()).unwrap_or_default();
        let mut store = self.store(Sandbox::new(self.limits, self.redactor, call, deadline));
        let running = self.runtime.running();
        let outcome = tokio::select! {
            outcome = self.program.ask(&mut store, &request) => outcome.map_err(Ended::Broke),
            () = sleep_until(deadline) => Err(Ended::Late(deadline - started)),
            () = async { cancel.cancelled().await; sleep(GRACE).await } => Err(Ended::Cancelled),
        };
        drop(running);
        self.conclude(store.data(), &request, outcome, started)
    }

    fn store(&self, sandbox: Sandbox) -> Store<Sandbox> {
        let mut store = Store::new(self.runtime.engine(), sandbox);
        store.limiter(|sandbox| &mut sandbox.meter);
        store.set_hostcall_fuel(size(self.limits.host_call));
        store.set_max_component_handles(size(self.limits.handles));
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut context| context.data_mut().meter.tick());
        store.call_hook(|mut context, hook| context.data_mut().meter.crossing(hook));
        store
    }

    fn conclude(
        &self,
        sandbox: &Sandbox,
        request: &PluginFunction,
        outcome: Result<Result<Returned, wit::Failure>, Ended>,
        started: Instant,
    ) -> Result<Returned, Failure> {
        sandbox.stdout.finish("standard output");
        let stderr = sandbox.stderr.finish("standard error");
        tracing::debug!(
            plugin = %self.identity,
            function = request.function(),
            took = ?started.elapsed(),
            computed = ?sandbox.meter.computed(),
            memory = sandbox.meter.memory(),
            "called"
        );
        let denied = std::mem::take(&mut *sandbox.denied.lock().unwrap_or_else(PoisonError::into_inner));
        let word = match &outcome {
            Ok(Ok(_)) => "answered",
            Ok(Err(_)) => "failed",
            Err(Ended::Broke(_) | Ended::Nonsense(_)) => "broke",
            Err(Ended::Late(_)) => "late",
            Err(Ended::Cancelled) => "cancelled",
        };
        Tally::process().called(&self.identity.name, word, denied.len());
        match outcome {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(failure)) => {
                Err(with_denials(Cleaner { redactor: self.redactor, limits: self.limits }.failure(failure), &denied))
            }
            Err(ended) => Err(with_denials(self.explain(request.function(), &ended, &stderr), &denied)),
        }
    }

    /// The failure of a call that ended without a usable answer.
    pub(super) fn explain(&self, function: &str, ended: &Ended, stderr: &[String]) -> Failure {
        let stderr: Vec<_> = stderr.iter().map(|line| self.redactor.text(line)).collect();
        explain(self.identity, function, ended, &stderr, self.limits)
    }
}
