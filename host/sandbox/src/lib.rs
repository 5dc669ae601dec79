//! The sandbox: admits plugins and calls them.
//!
//! A plugin is a WebAssembly component of one of four kinds. [`Plugins::load`] admits it: digest, manifest, imports,
//! compilation, description. Each call runs in a store of its own, under every limit of [`Limits`], with what
//! [`Call`] and its capabilities hand it and nothing else. Whatever a plugin does ends in an answer or in a
//! [`Failure`] that names the plugin, its digest, the function and the reason.
//!
//! Nothing here decides what a plugin may reach; that is `windlass_capability::grants`. Generated types stop at `convert`.

mod admit;
mod bindings;
mod bundled;
mod cache;
mod call;
mod compile;
mod convert;
mod disk;
mod embed;
mod engine;
mod failure;
#[cfg(any(test, fuzzing))]
mod fuzzing;
mod imports;
mod inspect;
mod limits;
mod locate;
mod manifest;
mod meter;
mod plan;
mod program;
mod pulled;
mod sandbox;
mod schema;
mod store;
mod text;
mod wasi;
mod wasm;

use std::collections::HashMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;
use windlass_config::Limits;
use windlass_domain::{Event, Failure, Observation, Plan, Release, Report, Step};
use windlass_foundation::identity::{Identity, Kind};
use windlass_foundation::process::THIS_PROGRAM;
use windlass_foundation::redact::Redactor;
use windlass_release::registry::Registries;

use admit::{Admitted, Gate};
use cache::Cache;
use call::Caller;
use convert::{Cleaner, to_json};
use failure::Ended;
use program::{PluginFunction, Returned};
use pulled::Pulled;
use store::PluginStore;

pub use admit::{AdmissionError, Description, Refusal};
pub use cache::CacheError;
pub use call::Call;
pub use compile::{CompileError, PRECOMPILE, precompile_main};
#[cfg(any(test, fuzzing))]
pub use fuzzing::guest_document;
pub use inspect::{CONTRACT, InspectError};
pub use locate::Source;
pub use manifest::{MANIFEST_FORMAT, Manifest, ManifestError, is_name};
pub use schema::keys;

/// How many times its size a plugin takes once it is compiled, with the component itself; rather too much.
const COMPILED: u64 = 4;

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
    /// Knows the secret values of this process; what plugins answer goes through it.
    pub redactor: Redactor,
}

/// All plugins of this process. Clones share everything.
#[derive(Debug, Clone)]
pub struct Plugins {
    gate: Arc<Gate>,
    /// The plugins that were admitted already, by digest. A caller that needs one that is being admitted waits for that
    /// admission.
    admitted: Arc<Mutex<HashMap<String, Arc<OnceCell<Plugin>>>>>,
}

impl Plugins {
    /// Opens the plugin store below the state directory and starts the engine. Nothing is read or written yet.
    pub fn open(settings: Settings) -> Result<Self, AdmissionError> {
        let failed = |reason| AdmissionError { plugin: "of this agent".to_owned(), cause: Refusal::Engine(reason) };
        let runtime = engine::Runtime::new().map_err(|error| failed(format!("{error:#}")))?;
        let compiler = settings.precompiler.unwrap_or_else(|| PathBuf::from(THIS_PROGRAM));
        let gate = Gate {
            limits: Arc::new(settings.limits),
            store: PluginStore::new(&settings.state_directory, &settings.key),
            pulled: Pulled::new(&settings.state_directory),
            cache: Cache::new(&settings.state_directory, &settings.key, &runtime),
            compiler,
            redactor: settings.redactor,
            runtime,
        };
        Ok(Self { gate: Arc::new(gate), admitted: Arc::default() })
    }

    /// Brings a plugin that is named by a registry's reference, unless it is here already. [`Plugins::load`] finds it
    /// then, with no registry.
    pub async fn pull(&self, name: &str, registries: &Registries) -> Result<(), AdmissionError> {
        let refused = |cause| AdmissionError { plugin: format!("`{name}`"), cause };
        let Source::Registry(reference) = Source::registry(name).map_err(refused)? else { return Ok(()) };
        let most = self.gate.limits.plugin_size;
        if self.gate.pulled.component(&reference, most).is_some() {
            return Ok(());
        }
        let artifact = registries.component(&reference, most).await.map_err(|error| refused(error.into()))?;
        let digest = reference.digest().unwrap_or_default();
        self.gate.pulled.keep(digest, &artifact).map_err(|error| refused(Refusal::Keep(error)))
    }

    /// Admits a plugin named as in a release file: `check-readiness` is one that the agent carries,
    /// `./checks/ours.wasm` a file below `bundle`, and what holds a digest was pulled before. One that was admitted before is loaded without compiling.
    pub async fn load(&self, name: &str, kind: Kind, bundle: &Path) -> Result<Plugin, AdmissionError> {
        let source =
            Source::named(name, bundle).map_err(|cause| AdmissionError { plugin: format!("`{name}`"), cause })?;
        self.admit(&source, Some(kind)).await
    }

    /// Admits a plugin from wherever it comes. `kind` none accepts every kind, for `plugin inspect`.
    pub async fn admit(&self, source: &Source, kind: Option<Kind>) -> Result<Plugin, AdmissionError> {
        let refused = |cause| AdmissionError { plugin: format!("`{}`", source.name()), cause };
        let wasm = source.component(&self.gate.pulled, self.gate.limits.plugin_size).map_err(refused)?;
        let place = {
            let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(admitted.entry(wasm.digest.clone().into_owned()).or_default())
        };
        let admit = || async {
            let admitted = self.gate.admit(&wasm, kind).await?;
            let bundled = matches!(source, Source::Bundled(_));
            let inner = Inner { gate: Arc::clone(&self.gate), admitted, bundled, schema: OnceCell::new() };
            Ok(Plugin(Arc::new(inner)))
        };
        let plugin = place.get_or_try_init(admit).await.map_err(refused)?;
        match (plugin.manifest().kind, kind) {
            (actual, Some(wanted)) if actual != wanted => Err(refused(Refusal::Kind { actual, wanted })),
            _ => Ok(plugin.clone()),
        }
    }

    /// A plugin for one call, which is put away after that.
    #[must_use]
    pub fn lend(&self, plugin: Plugin) -> Lent {
        Lent { plugins: self.clone(), plugin }
    }

    /// Releases a plugin's code from memory, unless another call uses it. The next call loads it anew, which takes a
    /// millisecond. A strategy stays in memory, because every step calls it.
    pub fn put_away(&self, plugin: &Plugin) {
        if plugin.manifest().kind == Kind::Strategy {
            return;
        }
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        // The one that is kept, and this one.
        if Arc::strong_count(&plugin.0) <= 2 {
            admitted.remove(&plugin.identity().digest);
        }
    }

    /// About how many bytes it takes to compile those plugins that the agent carries and that were not compiled here yet.
    #[must_use]
    pub fn room_to_admit(&self) -> u64 {
        bundled::names()
            .filter_map(bundled::component)
            .filter(|packed| !self.gate.cache.has(packed.digest))
            .map(|packed| packed.size * COMPILED)
            .sum()
    }

    /// Names of the plugins that the agent carries, sorted.
    #[must_use]
    pub fn bundled(&self) -> Vec<String> {
        bundled::names().map(str::to_owned).collect()
    }
}

/// A plugin that goes out of memory with this, however its call ends, unless another call uses it.
#[derive(Debug)]
pub struct Lent {
    plugins: Plugins,
    plugin: Plugin,
}

impl Deref for Lent {
    type Target = Plugin;

    fn deref(&self) -> &Plugin {
        &self.plugin
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.plugins.put_away(&self.plugin);
    }
}

/// An admitted plugin, ready to be called. Clones share the compiled code.
#[derive(Clone)]
pub struct Plugin(Arc<Inner>);

struct Inner {
    gate: Arc<Gate>,
    admitted: Admitted,
    bundled: bool,
    /// Prepared when it is first asked for.
    schema: OnceCell<Result<Arc<schema::Schema>, String>>,
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("identity", self.identity()).finish_non_exhaustive()
    }
}

impl Plugin {
    /// The plugin's name, version and digest.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.0.admitted.identity
    }

    /// What it says about itself and asks for.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.0.admitted.record.manifest
    }

    /// What `describe` said at admission: the schema of its configuration, a summary, an example.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.0.admitted.record.description
    }

    /// Whether the agent carries it.
    #[must_use]
    pub fn is_bundled(&self) -> bool {
        self.0.bundled
    }

    /// Whether a `with` table fits the plugin's schema and then makes sense to the plugin itself.
    /// A failure has the code `invalid-config` and names every place that is wrong.
    pub async fn validate_config(&self, config: &Value) -> Result<(), Failure> {
        let limits = &self.0.gate.limits;
        let compile = || schema::compile(self.description().config.clone(), limits);
        match self.0.schema.get_or_init(compile).await {
            Ok(schema) => schema::validate(schema, &self.identity().name, config, limits).await?,
            Err(error) => return Err(self.nonsense("describe", format!("its schema {error}"))),
        }
        self.ask(PluginFunction::ValidateConfig(to_json(config)), None).await.map(|_| ())
    }

    /// Asks a check.
    pub async fn check(&self, call: Call) -> Result<Report, Failure> {
        self.report(PluginFunction::Check, call).await
    }

    /// Asks a smoke test.
    pub async fn smoke(&self, call: Call) -> Result<Report, Failure> {
        self.report(PluginFunction::Smoke, call).await
    }

    /// Asks a strategy what runs.
    pub async fn observe(&self, call: Call) -> Result<Observation, Failure> {
        let observation = self.document(PluginFunction::Observe, call, "observation").await?;
        plan::observed(&observation, &self.0.gate.limits).map_err(|reason| self.nonsense("observe", reason))?;
        Ok(observation)
    }

    /// Asks a strategy for a plan. The plan is checked: unique ids, no cycle, known needs, its number of steps.
    pub async fn plan(&self, call: Call) -> Result<Plan, Failure> {
        let plan = self.document(PluginFunction::Plan, call, "plan").await?;
        plan::check(&plan, &self.0.gate.limits).map_err(|reason| self.nonsense("plan", reason))?;
        Ok(plan)
    }

    /// Makes one step true; returns facts for the journal, which `undo` is given back.
    pub async fn apply(&self, call: Call, step: &Step) -> Result<Value, Failure> {
        match self.ask(PluginFunction::Apply { step: to_json(step) }, Some(call)).await? {
            Returned::Text(text) => self.result("apply", &text),
            _ => Err(self.nonsense("apply", "its result is not text".to_owned())),
        }
    }

    /// Puts back what was there before a step. `output` is what `apply` returned, where it got that far.
    pub async fn undo(&self, call: Call, step: &Step, output: Option<&Value>) -> Result<(), Failure> {
        let request = PluginFunction::Undo { step: to_json(step), output: output.map(to_json) };
        self.ask(request, Some(call)).await.map(|_| ())
    }

    /// Asks a strategy whether what runs is exactly the release and is healthy.
    pub async fn verify(&self, call: Call) -> Result<Report, Failure> {
        self.report(PluginFunction::Verify, call).await
    }

    /// Asks a strategy what going back to the call's release would need and this host does not have.
    pub async fn missing(&self, call: Call) -> Result<Vec<String>, Failure> {
        self.texts(PluginFunction::Missing, call).await
    }

    /// Lets a strategy remove what none of these releases needs. Returns what went.
    pub async fn prune(&self, call: Call, kept: &[Release]) -> Result<Vec<String>, Failure> {
        self.texts(PluginFunction::Prune { kept: to_json(&kept) }, call).await
    }

    /// Delivers an event to a recorder. Returns the facts that it answers with.
    pub async fn deliver(&self, call: Call, event: &Event) -> Result<Option<Value>, Failure> {
        match self.ask(PluginFunction::Deliver { event: to_json(event) }, Some(call)).await? {
            Returned::Maybe(Some(text)) => {
                let mut facts = self.result("deliver", &text)?;
                if let Some(Value::String(summary)) = facts.get_mut("summary") {
                    *summary = self.cleaner().sentence(summary);
                }
                Ok(Some(facts))
            }
            _ => Ok(None),
        }
    }

    async fn report(&self, request: PluginFunction, call: Call) -> Result<Report, Failure> {
        let function = request.function();
        match self.ask(request, Some(call)).await? {
            Returned::Report(report) => self.cleaner().report(report).map_err(|reason| self.nonsense(function, reason)),
            _ => Err(self.nonsense(function, "its answer is not a report".to_owned())),
        }
    }

    async fn texts(&self, request: PluginFunction, call: Call) -> Result<Vec<String>, Failure> {
        let function = request.function();
        match self.ask(request, Some(call)).await? {
            Returned::Texts(texts) => self.cleaner().list(&texts).map_err(|reason| self.nonsense(function, reason)),
            _ => Err(self.nonsense(function, "its answer is not a list".to_owned())),
        }
    }

    async fn document<T: DeserializeOwned>(
        &self,
        request: PluginFunction,
        call: Call,
        name: &str,
    ) -> Result<T, Failure> {
        let function = request.function();
        match self.ask(request, Some(call)).await? {
            Returned::Text(text) => self.parse(function, name, &text),
            _ => Err(self.nonsense(function, format!("its {name} is not text"))),
        }
    }

    fn parse<T: DeserializeOwned>(&self, function: &str, name: &str, text: &str) -> Result<T, Failure> {
        let allowed = self.0.gate.limits.output;
        if text.len() as u64 > allowed {
            return Err(sandbox::too_large(&format!("the {name} of {}", self.identity()), "output", allowed));
        }
        let document = self.cleaner().document(name, text);
        document.map_err(|reason| self.nonsense(function, reason))
    }

    /// What is kept in the journal with a step or a delivery.
    fn result(&self, function: &str, text: &str) -> Result<Value, Failure> {
        let small = convert::small("its result", text, &self.0.gate.limits);
        small.map_err(|reason| self.nonsense(function, reason))?;
        self.parse(function, "result", text)
    }

    fn cleaner(&self) -> Cleaner<'_> {
        Cleaner { redactor: &self.0.gate.redactor, limits: &self.0.gate.limits }
    }

    async fn ask(&self, request: PluginFunction, call: Option<Call>) -> Result<Returned, Failure> {
        self.caller().ask(request, call.map(Arc::new)).await
    }

    fn nonsense(&self, function: &str, reason: String) -> Failure {
        self.caller().explain(function, &Ended::Nonsense(reason), &[])
    }

    fn caller(&self) -> Caller<'_> {
        let (gate, admitted) = (&self.0.gate, &self.0.admitted);
        Caller {
            runtime: &gate.runtime,
            identity: &admitted.identity,
            program: &admitted.program,
            limits: &gate.limits,
            redactor: &gate.redactor,
        }
    }
}
