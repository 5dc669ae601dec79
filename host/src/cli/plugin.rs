//! `windlass plugin`: what plugins are, what they ask for, and what they are granted.

use std::path::Path;

use windlass_capability::Scope;
use windlass_capability::grants;
use windlass_capability::secrets::HostKey;
use windlass_config::Config;
use windlass_foundation::explain::ExitCode;
use windlass_foundation::identity::{Ask, Kind};
use windlass_foundation::private;
use windlass_foundation::redact::Redactor;
use windlass_release::environment::{PluginName, Settings};
use windlass_report::facts::{AskFact, Fact, GrantFact, PluginFact};
use windlass_report::{Fault, host};
use windlass_sandbox::{AdmissionError, Plugin, Plugins, Settings as Sandbox, Source};
use windlass_service::agent::registries;

use super::arguments::PluginCommand;
use super::error::CliError;
use super::session::{Asked, Session};

/// Runs one of the commands.
pub(super) async fn run(command: &PluginCommand, session: &Session) -> Result<ExitCode, Fault> {
    match command {
        PluginCommand::List => list(session).await,
        PluginCommand::Inspect { plugin } => inspect(plugin, session).await,
        PluginCommand::Grants { app } => grants(&session.find(app)?, session).await,
    }
}

/// The sandbox, without the rest of the agent.
pub(super) fn open(config: &Config) -> Result<Plugins, Fault> {
    let directory = &config.state_directory;
    private::claim(directory)?;
    private::directory(directory).map_err(|source| CliError::Write { path: directory.clone(), source })?;
    Ok(Plugins::open(Sandbox {
        state_directory: directory.clone(),
        key: HostKey::open(directory)?.bytes().to_vec(),
        limits: config.limits.clone(),
        precompiler: None,
        redactor: Redactor::new(),
    })?)
}

async fn list(session: &Session) -> Result<ExitCode, Fault> {
    let plugins = open(&session.config()?)?;
    let mut facts = Vec::new();
    for name in plugins.bundled() {
        let what = format!("compiling `{name}`, once");
        let plugin = session.patiently(&what, plugins.admit(&Source::Bundled(name.clone()), None)).await?;
        facts.push(fact(&plugin, "bundled", None));
    }
    session.printer.list(facts, |fact| Fact::Plugin(Box::new(fact)), host::plugins);
    Ok(ExitCode::Succeeded)
}

async fn inspect(wished: &str, session: &Session) -> Result<ExitCode, Fault> {
    let config = session.config()?;
    let plugins = open(&config)?;
    let is_pinned = wished.contains("@sha256:");
    let is_path = wished.contains('/') || Path::new(wished).extension().is_some_and(|extension| extension == "wasm");
    let source = if is_pinned {
        pull(wished, &plugins, &config, session).await?;
        Source::registry(wished).map_err(|cause| AdmissionError { plugin: format!("`{wished}`"), cause })?
    } else if is_path {
        Source::File(wished.into())
    } else {
        Source::Bundled(wished.to_owned())
    };
    let plugin = session.patiently(&format!("compiling `{wished}`, once"), plugins.admit(&source, None)).await?;
    let size = if is_path && !is_pinned { std::fs::metadata(wished).map(|file| file.len()).ok() } else { None };
    let mut fact = fact(&plugin, if is_path { wished } else { "bundled" }, size);
    fact.summary = Some(plugin.description().summary.clone()).filter(|summary| !summary.is_empty());
    fact.example = Some(plugin.description().example.clone()).filter(|example| !example.is_empty());
    fact.schema = Some(plugin.description().config.clone());
    session.printer.answer(&Fact::Plugin(Box::new(fact.clone())), |_| host::plugin(&fact, session.printer.width()));
    Ok(ExitCode::Succeeded)
}

/// Brings a plugin from its registry, unless it is here.
async fn pull(name: &str, plugins: &Plugins, config: &Config, session: &Session) -> Result<(), Fault> {
    let registries = registries(config, &HostKey::open(&config.state_directory)?, &Redactor::new())?;
    Ok(session.patiently(&format!("pulling `{name}`, once"), plugins.pull(name, &registries)).await?)
}

async fn grants(asked: &Asked, session: &Session) -> Result<ExitCode, Fault> {
    let facts = grants_of(session, &session.config()?, asked).await?;
    session.printer.list(facts, Fact::Grant, host::grants);
    Ok(ExitCode::Succeeded)
}

/// What the plugins of an application ask for, and whether they are granted it.
pub(super) async fn grants_of(session: &Session, config: &Config, asked: &Asked) -> Result<Vec<GrantFact>, Fault> {
    let plugins = open(config)?;
    let settings = asked.file.settings(&config.environment)?;
    let mut facts = Vec::new();
    for (usage, name, kind) in used(&settings) {
        let (written, bundled) = match name {
            PluginName::Bundled(name) => (name.clone(), true),
            PluginName::File(path) => (format!("./{path}"), false),
            PluginName::Registry(reference) => {
                pull(reference, &plugins, config, session).await?;
                (reference.clone(), false)
            }
        };
        let what = format!("compiling `{written}`, once");
        let plugin = session.patiently(&what, plugins.load(&written, kind, &asked.location.directory)).await?;
        let scope = Scope {
            application: asked.name.clone(),
            plugin: plugin.identity().clone(),
            bundled,
            kind,
            deployment: String::new(),
            environment: config.environment.clone(),
        };
        let wishes = &plugin.manifest().capabilities;
        let missing = grants::missing(&scope, wishes, &config.grants, asked.unbound.as_deref());
        for ask in wishes {
            let lacks = missing.iter().find(|missing| missing.ask == *ask);
            facts.push(GrantFact {
                plugin: plugin.identity().name.clone(),
                usage: usage.clone(),
                capability: capability(ask),
                reason: ask.reason.clone(),
                granted: lacks.is_none(),
                lines: lacks.filter(|lacks| lacks.impossible.is_none()).map(|lacks| lacks.lines.clone()),
            });
        }
    }
    Ok(facts)
}

/// Every plugin of a release: where the file uses it, its name, and what for.
pub(super) fn used(settings: &Settings) -> Vec<(String, &PluginName, Kind)> {
    let mut used = vec![("strategy".to_owned(), &settings.strategy.plugin.plugin, Kind::Strategy)];
    used.extend(settings.checks.iter().map(|it| (format!("checks.{}", it.name), &it.plugin.plugin, Kind::Check)));
    used.extend(settings.smoke.iter().map(|it| (format!("smoke.{}", it.name), &it.plugin.plugin, Kind::Smoke)));
    let recorders = settings.recorders.iter();
    used.extend(recorders.map(|it| (format!("recorders.{}", it.name), &it.plugin.plugin, Kind::Recorder)));
    used
}

/// A plugin as a fact.
fn fact(plugin: &Plugin, source: &str, size: Option<u64>) -> PluginFact {
    let (identity, manifest) = (plugin.identity(), plugin.manifest());
    PluginFact {
        name: identity.name.clone(),
        version: identity.version.clone(),
        kind: manifest.kind.word().to_owned(),
        contract: manifest.contract.clone(),
        digest: identity.digest.clone(),
        source: source.to_owned(),
        size,
        asks: manifest
            .capabilities
            .iter()
            .map(|ask| AskFact { capability: capability(ask), reason: ask.reason.clone() })
            .collect(),
        summary: None,
        example: None,
        schema: None,
    }
}

/// A requested capability in few words: `files records (write)`.
fn capability(ask: &Ask) -> String {
    let root = ask.root.as_ref().map(|root| format!(" {root}")).unwrap_or_default();
    let write = if ask.write { " (write)" } else { "" };
    format!("{}{root}{write}", ask.name)
}
