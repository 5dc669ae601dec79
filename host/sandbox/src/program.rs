//! A plugin's compiled code, linked to its world and to nothing else, and the one place that calls its exports.

use wasmtime::component::{Component, Linker, Resource};
use wasmtime::{Engine, Store};
use windlass_foundation::identity::Kind;

use super::bindings::imports::windlass::plugin::common as wit;
use super::bindings::{check, recorder, smoke, strategy};
use super::imports::context::Context;
use super::sandbox::Sandbox;

/// Compiled code, linked.
pub(super) enum Program {
    Check(check::CheckPluginPre<Sandbox>),
    Strategy(strategy::StrategyPluginPre<Sandbox>),
    Smoke(smoke::SmokePluginPre<Sandbox>),
    Recorder(recorder::RecorderPluginPre<Sandbox>),
}

/// What a plugin is asked.
#[derive(Debug, Clone)]
pub(super) enum PluginFunction {
    Describe,
    ValidateConfig(String),
    Check,
    Smoke,
    Observe,
    Plan,
    Apply { step: String },
    Undo { step: String, output: Option<String> },
    Verify,
    Missing,
    Prune { kept: String },
    Deliver { event: String },
}

impl PluginFunction {
    /// The function's name in the contract.
    pub(super) fn function(&self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::ValidateConfig(_) => "validate-config",
            Self::Check | Self::Smoke => "run",
            Self::Observe => "observe",
            Self::Plan => "plan",
            Self::Apply { .. } => "apply",
            Self::Undo { .. } => "undo",
            Self::Verify => "verify",
            Self::Missing => "missing",
            Self::Prune { .. } => "prune",
            Self::Deliver { .. } => "deliver",
        }
    }

    /// The kinds that have the function; none: all.
    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Describe | Self::ValidateConfig(_) => None,
            Self::Check => Some(Kind::Check),
            Self::Smoke => Some(Kind::Smoke),
            Self::Observe
            | Self::Plan
            | Self::Apply { .. }
            | Self::Undo { .. }
            | Self::Verify
            | Self::Missing
            | Self::Prune { .. } => Some(Kind::Strategy),
            Self::Deliver { .. } => Some(Kind::Recorder),
        }
    }
}

/// What a plugin answers.
pub(super) enum Returned {
    Nothing,
    Text(String),
    Maybe(Option<String>),
    Texts(Vec<String>),
    Report(wit::Report),
}

/// Links WASI and what a kind's world imports.
macro_rules! link {
    ($engine:expr, $component:expr, $world:path, $pre:path, $variant:expr) => {{
        let mut linker = Linker::<Sandbox>::new($engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
        <$world>::add_to_linker::<_, wasmtime::component::HasSelf<Sandbox>>(&mut linker, |sandbox| sandbox)?;
        Ok($variant(<$pre>::new(linker.instantiate_pre($component)?)?))
    }};
}

impl Program {
    /// Links a component to the world of a kind. Fails when its types are not those of the contract.
    pub(super) fn link(engine: &Engine, component: &Component, kind: Kind) -> wasmtime::Result<Self> {
        match kind {
            Kind::Check => {
                link!(engine, component, check::CheckPlugin, check::CheckPluginPre<Sandbox>, Self::Check)
            }
            Kind::Strategy => {
                link!(engine, component, strategy::StrategyPlugin, strategy::StrategyPluginPre<Sandbox>, Self::Strategy)
            }
            Kind::Smoke => {
                link!(engine, component, smoke::SmokePlugin, smoke::SmokePluginPre<Sandbox>, Self::Smoke)
            }
            Kind::Recorder => {
                link!(engine, component, recorder::RecorderPlugin, recorder::RecorderPluginPre<Sandbox>, Self::Recorder)
            }
        }
    }

    /// Whether the plugin has the function that a request calls.
    pub(super) fn has(&self, request: &PluginFunction) -> bool {
        request.kind().is_none_or(|kind| kind == self.kind())
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Check(_) => Kind::Check,
            Self::Strategy(_) => Kind::Strategy,
            Self::Smoke(_) => Kind::Smoke,
            Self::Recorder(_) => Kind::Recorder,
        }
    }

    /// Makes an instance, asks, and lets go of it. The inner result is the plugin's own.
    pub(super) async fn ask(
        &self,
        store: &mut Store<Sandbox>,
        request: &PluginFunction,
    ) -> wasmtime::Result<Result<Returned, wit::Failure>> {
        match self {
            Self::Check(program) => {
                let plugin = program.instantiate_async(&mut *store).await?;
                match request {
                    PluginFunction::Check => {
                        let context = context(store)?;
                        let answer = plugin.windlass_plugin_check().call_run(store, context).await?;
                        Ok(answer.map(Returned::Report))
                    }
                    other => common(store, plugin.windlass_plugin_plugin(), other).await,
                }
            }
            Self::Smoke(program) => {
                let plugin = program.instantiate_async(&mut *store).await?;
                match request {
                    PluginFunction::Smoke => {
                        let context = context(store)?;
                        let answer = plugin.windlass_plugin_smoke().call_run(store, context).await?;
                        Ok(answer.map(Returned::Report))
                    }
                    other => common(store, plugin.windlass_plugin_plugin(), other).await,
                }
            }
            Self::Recorder(program) => {
                let plugin = program.instantiate_async(&mut *store).await?;
                match request {
                    PluginFunction::Deliver { event } => {
                        let context = context(store)?;
                        let answer = plugin.windlass_plugin_recorder().call_deliver(store, context, event).await?;
                        Ok(answer.map(Returned::Maybe))
                    }
                    other => common(store, plugin.windlass_plugin_plugin(), other).await,
                }
            }
            Self::Strategy(program) => {
                let plugin = program.instantiate_async(&mut *store).await?;
                let strategy = plugin.windlass_plugin_strategy();
                match request {
                    PluginFunction::Observe => {
                        let context = context(store)?;
                        Ok(strategy.call_observe(store, context).await?.map(Returned::Text))
                    }
                    PluginFunction::Plan => {
                        let context = context(store)?;
                        Ok(strategy.call_plan(store, context).await?.map(Returned::Text))
                    }
                    PluginFunction::Apply { step } => {
                        let context = context(store)?;
                        Ok(strategy.call_apply(store, context, step).await?.map(Returned::Text))
                    }
                    PluginFunction::Undo { step, output } => {
                        let context = context(store)?;
                        let answer = strategy.call_undo(store, context, step, output.as_ref()).await?;
                        Ok(answer.map(|()| Returned::Nothing))
                    }
                    PluginFunction::Verify => {
                        let context = context(store)?;
                        Ok(strategy.call_verify(store, context).await?.map(Returned::Report))
                    }
                    PluginFunction::Missing => {
                        let context = context(store)?;
                        Ok(strategy.call_missing(store, context).await?.map(Returned::Texts))
                    }
                    PluginFunction::Prune { kept } => {
                        let context = context(store)?;
                        Ok(strategy.call_prune(store, context, kept).await?.map(Returned::Texts))
                    }
                    other => common(store, plugin.windlass_plugin_plugin(), other).await,
                }
            }
        }
    }
}

/// The context that a plugin borrows for the call.
fn context(store: &mut Store<Sandbox>) -> wasmtime::Result<Resource<Context>> {
    let context = store.data_mut().table.push(Context)?;
    Ok(Resource::new_borrow(context.rep()))
}

/// What every plugin exports. Each world generates a type of its own for the same interface.
trait Common {
    async fn describe(&self, store: &mut Store<Sandbox>) -> wasmtime::Result<String>;
    async fn validate(&self, store: &mut Store<Sandbox>, config: &str) -> wasmtime::Result<Result<(), wit::Failure>>;
}

macro_rules! common {
    ($($world:ident),*) => {$(
        impl Common for $world::exports::windlass::plugin::plugin::Guest {
            async fn describe(&self, store: &mut Store<Sandbox>) -> wasmtime::Result<String> {
                self.call_describe(store).await
            }

            async fn validate(
                &self,
                store: &mut Store<Sandbox>,
                config: &str,
            ) -> wasmtime::Result<Result<(), wit::Failure>> {
                self.call_validate_config(store, &config.to_owned()).await
            }
        }
    )*};
}

common!(check, strategy, smoke, recorder);

async fn common(
    store: &mut Store<Sandbox>,
    plugin: &impl Common,
    request: &PluginFunction,
) -> wasmtime::Result<Result<Returned, wit::Failure>> {
    match request {
        PluginFunction::Describe => Ok(Ok(Returned::Text(plugin.describe(store).await?))),
        PluginFunction::ValidateConfig(config) => Ok(plugin.validate(store, config).await?.map(|()| Returned::Nothing)),
        other => Err(wasmtime::Error::msg(format!("this kind of plugin has no `{}`", other.function()))),
    }
}
