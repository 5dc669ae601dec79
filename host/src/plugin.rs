//! The sandbox: admits plugins and calls them.
//!
//! A plugin is a WebAssembly component of one of four kinds. [`Plugins::load`] admits it: digest, manifest, imports,
//! compilation, description. Each call runs in a store of its own, under every limit of [`Limits`], with what
//! [`Call`] and its capabilities hand it and nothing else. Whatever a plugin does ends in an answer or in a
//! [`Failure`] that names the plugin, its digest, the function and the reason.
//!
//! Nothing here decides what a plugin may reach; that is `capability::grants`. Generated types stop at `convert`.

mod admit;
mod call;
mod identity;
mod limits;
mod manifest;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use windlass_documents::{Event, Failure, Observation, Plan, Report, Step};

pub use admit::{AdmissionError, Description};
pub use call::Call;
pub use identity::{Identity, Kind};
pub use limits::Limits;
pub use manifest::{Ask, Manifest, ManifestError};

/// Where plugins live and how much each may use.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The agent's state directory: plugins and compiled code are kept below it.
    pub state_directory: PathBuf,
    /// The host's key, which authenticates compiled code.
    pub key: Vec<u8>,
    /// How much one call may use.
    pub limits: Limits,
    /// The agent's own binary, which is started as `windlass internal precompile`.
    /// None: the binary of this process.
    pub precompiler: Option<PathBuf>,
}

/// How a release names a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// One that the agent carries: `check-readiness`.
    Bundled(String),
    /// A file, already resolved against the bundle's directory.
    File(PathBuf),
    /// Bytes that were fetched from a registry or given by a test, and what to call them in messages.
    Bytes(String, Arc<[u8]>),
}

/// All plugins of this process. Clones share everything.
#[derive(Debug, Clone)]
pub struct Plugins {
    settings: Arc<Settings>,
}

impl Plugins {
    /// Opens the plugin store below the state directory and starts the engine.
    pub fn open(settings: Settings) -> Result<Self, AdmissionError> {
        Ok(Self { settings: Arc::new(settings) })
    }

    /// Admits a plugin named as in a release file: `check-readiness` is a bundled one, `./checks/ours.wasm` a file
    /// below `bundle`. One that was admitted before is loaded from the store.
    pub async fn load(&self, name: &str, kind: Kind, bundle: &Path) -> Result<Plugin, AdmissionError> {
        let _ = (name, kind, bundle, &self.settings);
        Err(AdmissionError::Unsupported)
    }

    /// Admits a plugin from wherever it comes. `kind` none accepts every kind, for `plugin inspect`.
    pub async fn admit(&self, source: &Source, kind: Option<Kind>) -> Result<Plugin, AdmissionError> {
        let _ = (source, kind);
        Err(AdmissionError::Unsupported)
    }

    /// Names of the plugins that the agent carries, sorted.
    #[must_use]
    pub fn bundled(&self) -> Vec<String> {
        Vec::new()
    }
}

/// An admitted plugin, ready to be called. Clones share the compiled code.
#[derive(Debug, Clone)]
pub struct Plugin {
    identity: Identity,
    manifest: Arc<Manifest>,
    description: Arc<Description>,
}

impl Plugin {
    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What it says about itself and asks for.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What `describe` said at admission: the schema of its configuration, a summary, an example.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Whether a `with` table fits the plugin's schema and then makes sense to the plugin itself.
    /// A failure has the code `invalid-config` and names every place that is wrong.
    pub async fn validate_config(&self, config: &Value) -> Result<(), Failure> {
        let _ = config;
        Err(call::not_yet())
    }

    /// Asks a check.
    pub async fn check(&self, call: Call) -> Result<Report, Failure> {
        let _ = call;
        Err(call::not_yet())
    }

    /// Asks a smoke test.
    pub async fn smoke(&self, call: Call) -> Result<Report, Failure> {
        let _ = call;
        Err(call::not_yet())
    }

    /// Asks a strategy what runs.
    pub async fn observe(&self, call: Call) -> Result<Observation, Failure> {
        let _ = call;
        Err(call::not_yet())
    }

    /// Asks a strategy for a plan. The plan is checked: unique ids, no cycle, known needs, sizes.
    pub async fn plan(&self, call: Call) -> Result<Plan, Failure> {
        let _ = call;
        Err(call::not_yet())
    }

    /// Makes one step true; returns facts for the journal, which `undo` is given back.
    pub async fn apply(&self, call: Call, step: &Step) -> Result<Value, Failure> {
        let _ = (call, step);
        Err(call::not_yet())
    }

    /// Puts back what was there before a step. `output` is what `apply` returned, where it got that far.
    pub async fn undo(&self, call: Call, step: &Step, output: Option<&Value>) -> Result<(), Failure> {
        let _ = (call, step, output);
        Err(call::not_yet())
    }

    /// Asks a strategy whether what runs is exactly the release and is healthy.
    pub async fn verify(&self, call: Call) -> Result<Report, Failure> {
        let _ = call;
        Err(call::not_yet())
    }

    /// Tells a recorder; returns facts for the record.
    pub async fn deliver(&self, call: Call, event: &Event) -> Result<Option<Value>, Failure> {
        let _ = (call, event);
        Err(call::not_yet())
    }
}
