//! The wall between the flow and everything that it works with: releases and plugins.
//!
//! The agent implements it with real ones. The flow's own tests implement it in memory, so that every failure can be
//! made to happen at every step.

mod error;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use windlass_domain::{Event, Observation, Plan, Release, Report, Step};
use windlass_foundation::call::CallContext;
use windlass_foundation::names::Instance;

use super::request::{PlanFile, Source};

pub use error::BackendError;

/// An answer from outside, some time.
pub type BackendFuture<'a, T> = BoxFuture<'a, Result<T, BackendError>>;

/// What a source means now.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The release.
    pub release: Release,
    /// Remarks about versions that the request did not name, one sentence each.
    pub notes: Vec<String>,
}

/// One call of a plugin.
#[derive(Debug, Clone)]
pub struct Context {
    /// What it is made for: an application, or one under another name.
    pub instance: Instance,
    /// What it is about.
    pub about: Arc<CallContext>,
    /// Who logs: the step's id, or the name in the release file.
    pub source: String,
    /// From 1.
    pub attempt: u32,
    /// The call is ended after this time.
    pub deadline: Duration,
    /// Cancelled when a user or a signal asks to stop.
    pub cancelled: CancellationToken,
    /// What this recorder returned for its last events of this application, the newest first; nothing for other plugins.
    pub last_facts: Arc<Vec<Value>>,
}

/// What policy makes of answers other than yes and no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDoubt {
    /// It refuses.
    Refuse,
    /// It is shown, and the deployment goes on.
    Warn,
    /// It counts as a yes.
    Pass,
}

/// A check or a smoke test of the release, as the flow needs to know it.
#[derive(Debug, Clone)]
pub struct ProbePolicy {
    /// Its name in the release file.
    pub name: String,
    /// How long it may take in all, all its `pending` answers included.
    pub deadline: Duration,
    /// How long to wait after `pending`.
    pub interval: Duration,
    /// What a failure of the plugin itself means.
    pub on_error: OnDoubt,
    /// What `inconclusive` means.
    pub on_inconclusive: OnDoubt,
}

/// What the release file says to the flow, for this environment.
#[derive(Debug, Clone)]
pub struct DeploymentSettings {
    /// The gates.
    pub checks: Vec<ProbePolicy>,
    /// The smoke tests.
    pub smoke: Vec<ProbePolicy>,
    /// The names of the recorders that receive the event.
    pub recorders: Vec<String>,
    /// How long a call may take that says nothing else.
    pub call_deadline: Duration,
    /// How long the strategy's own verification may take, all `pending` answers included.
    pub verify_deadline: Duration,
    /// How long everything up to the proof may take; what is unfinished then is put back.
    pub deadline: Duration,
    /// How many steps at once.
    pub parallel: usize,
    /// Whether a deployment may start although its way back is missing.
    pub allow_no_way_back: bool,
}

/// What the flow works with.
pub trait DeploymentBackend: Send + Sync {
    /// Makes the release: reads its file, asks registries for digests, keeps its bundle. The same inputs give the
    /// same release; so does what runs, for what the source leaves open.
    fn resolve<'a>(&'a self, instance: &'a Instance, source: &'a Source) -> BackendFuture<'a, Resolved>;
    /// Puts this host's seal on a plan file.
    fn seal(&self, file: PlanFile) -> BackendFuture<'_, PlanFile>;
    /// Whether a plan file is what this host's agent made: everything in it that follows from something else is made
    /// again, and the seal is compared.
    fn vouch<'a>(&'a self, file: &'a PlanFile) -> BackendFuture<'a, ()>;
    /// The settings of a release's file. Reads the kept bundle only, so that an old release needs nothing from outside.
    fn settings<'a>(&'a self, release: &'a Release) -> BackendFuture<'a, DeploymentSettings>;
    /// What going back to the context's release would need and this host doesn't have, in the strategy's words. Fails
    /// with the code [`UNUSABLE`] where that release cannot be asked, because its files, plugin or secrets are gone.
    fn missing<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Vec<String>>;
    /// Removes what earlier releases of the application left behind and no kept release needs; returns what went.
    /// Nothing that could be needed for going back, of any application, goes.
    fn prune<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Vec<String>>;
    /// Observes what runs now.
    fn observe<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Observation>;
    /// Plans the steps from what runs to the release.
    fn plan<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Plan>;
    /// Applies a step. Returns its output, which the undo gets.
    fn apply<'a>(&'a self, context: &'a Context, step: &'a Step) -> BackendFuture<'a, Value>;
    /// Undoes a step: restores what was there before it.
    fn undo<'a>(&'a self, context: &'a Context, step: &'a Step, output: Option<&'a Value>) -> BackendFuture<'a, ()>;
    /// Whether what runs is the release and is healthy.
    fn verify<'a>(&'a self, context: &'a Context) -> BackendFuture<'a, Report>;
    /// Asks a check.
    fn check<'a>(&'a self, context: &'a Context, name: &'a str) -> BackendFuture<'a, Report>;
    /// Asks a smoke test.
    fn smoke<'a>(&'a self, context: &'a Context, name: &'a str) -> BackendFuture<'a, Report>;
    /// How often what applications run on was away so far, as far as it was noticed.
    fn absences(&self) -> usize;
    /// Whether what applications run on ends right now, or is away. It has come back then, or was waited for in vain.
    fn was_away(&self) -> BoxFuture<'_, bool>;
    /// Delivers an event to a recorder. Returns the facts that it answers with, if any.
    fn deliver<'a>(
        &'a self,
        context: &'a Context,
        recorder: &'a str,
        event: &'a Event,
    ) -> BackendFuture<'a, Option<Value>>;
}
