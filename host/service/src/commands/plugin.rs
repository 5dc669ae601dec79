//! `plugin`: what plugins are, what they ask for, and what they are granted.

mod diff;

use std::path::Path;
use std::sync::Arc;

use windlass_api::command::{ApplicationRef, is_component};
use windlass_api::facts::{GrantFact, PluginFact, ReachFact};
use windlass_api::{Answer, Reply};
use windlass_capability::Scope;
use windlass_capability::grants;
use windlass_capability::grants::reach::{self, Reached};
use windlass_capability::secrets::HostKey;
use windlass_config::Config;
use windlass_foundation::call::CallContext;
use windlass_foundation::explain::{self, ExplainedError};
use windlass_foundation::identity::Kind;
use windlass_foundation::private;
use windlass_foundation::redact::Redactor;
use windlass_release::environment::{PluginName, PluginUse, Settings};
use windlass_sandbox::{AdmissionError, Plugin, Plugins, Settings as Sandbox, Source};

use crate::access::On;
use crate::agent::registries;
use crate::error::CommandError;
use crate::run::{FoundApplication, Run};
use crate::wanted;

/// Where plugins that the agent carries are from.
const BUNDLED: &str = "bundled";

/// The sandbox, without the rest of the agent.
pub(super) fn open(config: &Config) -> Result<Plugins, ExplainedError> {
    let directory = &config.state_directory;
    private::claim(directory)?;
    private::directory(directory).map_err(|source| CommandError::Write { path: directory.clone(), source })?;
    Ok(Plugins::open(Sandbox {
        state_directory: directory.clone(),
        key: HostKey::open(directory)?.bytes().to_vec(),
        limits: config.limits.clone(),
        precompiler: None,
        redactor: Redactor::new(),
    })?)
}

/// Every plugin that the agent carries.
pub(super) async fn list(run: &Run) -> Result<Reply, ExplainedError> {
    run.allow(On::All)?;
    let plugins = open(&*run.config()?)?;
    let mut facts = Vec::new();
    for name in plugins.bundled() {
        let what = format!("compiling `{name}`, once");
        let plugin = run.patiently(&what, plugins.admit(&Source::Bundled(name.clone()), None)).await?;
        facts.push(fact(&plugin, BUNDLED));
    }
    Ok(Reply::succeeded(Answer::Plugins { plugins: facts }))
}

pub(super) use diff::run as diff;

/// One plugin.
pub(super) async fn inspect(run: &Run, wanted: &str) -> Result<Reply, ExplainedError> {
    run.allow(On::All)?;
    let config = run.config()?;
    let plugins = open(&config)?;
    let plugin = admit(run, wanted, &plugins, &config).await?;
    let mut fact = fact(&plugin, source(wanted));
    if is_component(wanted) {
        fact.size = std::fs::metadata(wanted).map(|file| file.len()).ok();
    }
    fact.summary = Some(plugin.description().summary.clone()).filter(|summary| !summary.is_empty());
    fact.example = Some(plugin.description().example.clone()).filter(|example| !example.is_empty());
    fact.schema = Some(plugin.description().config.clone());
    let (identity, kind, asked) = (plugin.identity(), plugin.manifest().kind, &plugin.manifest().capabilities);
    let bundled = source(wanted) == BUNDLED;
    for (ask, reach) in fact.asks.iter_mut().zip(reach::of_host(identity, bundled, kind, asked, &config.grants)) {
        ask.sentence = Some(reach.sentence(" on this host"));
        ask.granted = Some(reach.is_granted());
        ask.reach = reach.granted.iter().map(reached).collect();
    }
    let scope = Scope { about: Arc::default(), plugin: identity.clone(), bundled, kind };
    let lines = grants::lines_for_all(&scope, asked, &wanted::of_itself(&plugin));
    fact.rebuilt = reach::of_other_bytes(identity, bundled, &config.grants);
    fact.grant = Some(lines).filter(|lines| !lines.is_empty());
    Ok(Reply::succeeded(Answer::Plugin { plugin: Box::new(fact) }))
}

/// Where a plugin that a person named is from.
fn source(wanted: &str) -> &str {
    if is_component(wanted) || wanted.contains("@sha256:") { wanted } else { BUNDLED }
}

/// Admits a plugin that a person named: one that the agent carries, a file, or a component at a registry.
async fn admit(run: &Run, wanted: &str, plugins: &Plugins, config: &Config) -> Result<Plugin, ExplainedError> {
    let source = if wanted.contains("@sha256:") {
        pull(run, wanted, plugins, config).await?;
        Source::registry(wanted).map_err(|cause| AdmissionError { plugin: format!("`{wanted}`"), cause })?
    } else if is_component(wanted) {
        run.may_name(Path::new(wanted))?;
        Source::File(wanted.into())
    } else {
        Source::Bundled(wanted.to_owned())
    };
    Ok(run.patiently(&format!("compiling `{wanted}`, once"), plugins.admit(&source, None)).await?)
}

/// Brings a plugin from its registry, unless it is here.
async fn pull(run: &Run, name: &str, plugins: &Plugins, config: &Config) -> Result<(), ExplainedError> {
    let registries = registries(config, &HostKey::open(&config.state_directory)?, &Redactor::new())?;
    Ok(run.patiently(&format!("pulling `{name}`, once"), plugins.pull(name, &registries)).await?)
}

/// What the plugins of an application ask for.
pub(super) async fn grants(run: &Run, application: &ApplicationRef) -> Result<Reply, ExplainedError> {
    let asked = run.find(application)?;
    let grants = grants_of(run, &*run.config()?, &asked).await?;
    Ok(Reply::succeeded(Answer::Grants { grants }))
}

/// What the plugins of an application ask for, and whether they are granted it.
pub(super) async fn grants_of(
    run: &Run,
    config: &Config,
    asked: &FoundApplication,
) -> Result<Vec<GrantFact>, ExplainedError> {
    let plugins = open(config)?;
    let settings = asked.file.settings(&config.environment)?;
    let mut facts = Vec::new();
    let registries: Vec<String> = asked.file.registries().map(str::to_owned).collect();
    for (usage, used, kind) in used(&settings) {
        let (written, bundled) = match &used.plugin {
            PluginName::Bundled(name) => (name.clone(), true),
            PluginName::File(path) => (format!("./{path}"), false),
            PluginName::Registry(reference) => {
                pull(run, reference, &plugins, config).await?;
                (reference.clone(), false)
            }
        };
        let what = format!("compiling `{written}`, once");
        let plugin = run.patiently(&what, plugins.load(&written, kind, &asked.location.directory)).await?;
        let about = CallContext {
            application: asked.name.clone(),
            environment: config.environment.clone(),
            unbound: asked.unbound.clone(),
            ..CallContext::default()
        };
        let scope = Scope { about: about.into(), plugin: plugin.identity().clone(), bundled, kind };
        let wishes = &plugin.manifest().capabilities;
        let wanted = wanted::of_release(&plugin, kind, used, &settings, registries.clone());
        let missing = grants::missing(&scope, wishes, &config.grants, &wanted);
        let unmet = grants::unmet(&scope, wishes, &config.grants, &wanted);
        for reach in reach::of_application(&scope, wishes, &config.grants) {
            let ask = &reach.ask;
            let lacks = missing.iter().find(|missing| missing.ask == *ask);
            let more = unmet.iter().find(|unmet| unmet.ask == *ask);
            let lines = lacks.filter(|lacks| lacks.impossible.is_none()).map(|lacks| &lacks.lines);
            facts.push(GrantFact {
                plugin: plugin.identity().name.clone(),
                usage: usage.clone(),
                capability: ask.to_string(),
                reason: ask.reason.clone(),
                granted: lacks.is_none(),
                sentence: reach.sentence(""),
                reach: reach.granted.iter().map(reached).collect(),
                rebuilt: lacks.and_then(|lacks| lacks.rebuilt.clone()),
                unmet: more.map(|unmet| format!("as it is configured, it may not {}", explain::list(&unmet.words))),
                lines: lines.or(more.map(|unmet| &unmet.lines)).cloned(),
            });
        }
    }
    Ok(facts)
}

/// Every plugin of a release: where the file uses it, how it is used, and what for.
pub(super) fn used(settings: &Settings) -> Vec<(String, &PluginUse, Kind)> {
    let mut used = vec![("strategy".to_owned(), &settings.strategy.plugin, Kind::Strategy)];
    used.extend(settings.checks.iter().map(|it| (format!("checks.{}", it.name), &it.plugin, Kind::Check)));
    used.extend(settings.smoke.iter().map(|it| (format!("smoke.{}", it.name), &it.plugin, Kind::Smoke)));
    let recorders = settings.recorders.iter();
    used.extend(recorders.map(|it| (format!("recorders.{}", it.name), &it.plugin, Kind::Recorder)));
    used
}

/// A plugin as a fact.
fn fact(plugin: &Plugin, source: &str) -> PluginFact {
    let manifest = plugin.manifest();
    PluginFact::of(plugin.identity(), manifest.kind, &manifest.contract, &manifest.capabilities, source)
}

/// Something that a plugin may reach, as a fact.
fn reached(reached: &Reached) -> ReachFact {
    let Reached { to, secrets, addresses, write, more: _, applications } = reached.clone();
    ReachFact { to, secrets, addresses, write, applications }
}
