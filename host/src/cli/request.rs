//! What was typed as a command for the service. Files that travel with a command are read here, with the rights of the
//! person who typed their names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser as _;
use windlass_api::Command;
use windlass_api::command::{ApplicationRef, Build, Content, DeploymentSubject, Manner, Promoted, Versions};
use windlass_foundation::explain::ExplainedError;
use windlass_service::{CommandError, Ungrammatical, caller};

use super::arguments::{
    self, Arguments, BuildArguments, DeployArguments, MannerArguments, OutboxCommand, PlanArguments, PluginCommand,
    ReleaseArguments, ReleaseCommand, RollbackArguments, VersionArguments, is_file,
};
use super::error::CliError;

/// Reads a command as it is typed, without the name of the program.
pub(super) fn grammar(words: &[String]) -> Result<Command, Ungrammatical> {
    let line = std::iter::once("windlass").chain(words.iter().map(String::as_str));
    let parsed = Arguments::try_parse_from(line).map_err(|error| Ungrammatical::Usage(error.to_string()))?;
    match of(&parsed.command) {
        Ok(Some(command)) => Ok(command),
        Ok(None) => Err(Ungrammatical::Usage("it is nothing that the service does".to_owned())),
        Err(fault) => Err(Ungrammatical::Unreadable(fault)),
    }
}

/// The command; none for what the command line does by itself.
pub(super) fn of(typed: &arguments::Command) -> Result<Option<Command>, ExplainedError> {
    use arguments::Command as C;
    Ok(Some(match typed.clone() {
        C::Init(_)
        | C::Bundle(_)
        | C::SshGate(_)
        | C::SelfUpdate(_)
        | C::Agent(_)
        | C::Attach(_)
        | C::Stop(_)
        | C::Schema(_)
        | C::Completions(_)
        | C::Man(_)
        | C::Internal(_) => return Ok(None),
        C::Config(it) => Command::Config {
            bundle: it.bundle.as_deref().map(|path| bundle(&it.app, path)).transpose()?,
            application: it.app,
            environment: it.environment,
            explain: it.explain,
        },
        C::Plan(it) => plan(it)?,
        C::Check(it) => Command::Check { environment: it.release.environment.clone(), subject: subject(it.release)? },
        C::Verify(it) => Command::Verify { application: it.app },
        C::Deploy(it) => deploy(it)?,
        C::Rollback(RollbackArguments { app: application, to, pin, manner }) => {
            Command::Rollback { application, to, pin, manner: how(manner) }
        }
        C::Promote(it) => {
            let from = if is_file(&it.from) {
                Promoted::Document(caller::signed_document(Path::new(&it.from))?)
            } else {
                Promoted::Environment(it.from)
            };
            Command::Promote { application: it.app, from, manner: how(it.manner) }
        }
        C::Release(it) => release(it.command)?,
        C::Trigger(it) => Command::Trigger { trigger: it.name, message: caller::event()?, again: it.again },
        C::Resume(it) => Command::Resume { application: it.app, unwind: it.unwind },
        C::Resolve(it) => Command::Resolve { application: it.app, retry: it.retry, reason: it.reason },
        C::Freeze(it) => Command::Freeze { application: it.app, reason: it.reason },
        C::Unfreeze(it) => Command::Unfreeze { application: it.app, reason: it.reason },
        C::Pin(it) => Command::Pin { application: it.app, to: it.to, reason: it.reason },
        C::Unpin(it) => Command::Unpin { application: it.app, reason: it.reason },
        C::Quarantine(it) => Command::Quarantine { application: it.app, release: it.release, reason: it.reason },
        C::Unquarantine(it) => Command::Unquarantine { application: it.app, release: it.release, reason: it.reason },
        C::Outbox(it) => match it.command {
            OutboxCommand::List { app: application } => Command::OutboxList { application },
            OutboxCommand::Flush { app: application } => Command::OutboxFlush { application },
            OutboxCommand::Retry { number } => Command::OutboxRetry { number },
            OutboxCommand::Drop { number, reason } => Command::OutboxDrop { number, reason },
        },
        C::Status(it) => Command::Status { application: it.app },
        C::History(it) => Command::History { application: it.app, limit: it.limit },
        C::Show(it) => Command::Show { deployment: it.deployment },
        C::Report(it) => Command::Report { deployment: it.deployment },
        C::Logs(it) => Command::Logs { deployment: it.deployment },
        C::Audit(_) => Command::AuditVerify,
        C::Plugin(it) => match it.command {
            PluginCommand::List => Command::PluginList,
            PluginCommand::Inspect { plugin, grant: _, diff } => match &diff[..] {
                [old, new] => Command::PluginDiff { old: old.clone(), new: new.clone() },
                // The parser takes no command with neither.
                _ => Command::PluginInspect { plugin: plugin.unwrap_or_default() },
            },
            PluginCommand::Grants { app: application } => Command::PluginGrants { application },
            PluginCommand::New(_) | PluginCommand::Wit(_) | PluginCommand::Build(_) => return Ok(None),
        },
        C::Whoami(_) => Command::Whoami,
        C::Doctor(it) => Command::Doctor { application: it.app },
    }))
}

fn plan(typed: PlanArguments) -> Result<Command, ExplainedError> {
    let PlanArguments { release, rollback, to, out } = typed;
    let environment = release.environment.clone();
    let subject = if rollback {
        DeploymentSubject::Rollback { application: release.versions.app, to }
    } else {
        subject(release)?
    };
    Ok(Command::Plan { subject, environment, file: out.is_some() })
}

fn deploy(typed: DeployArguments) -> Result<Command, ExplainedError> {
    let DeployArguments { release, plan, manner } = typed;
    let environment = release.environment.clone();
    let subject = match plan {
        Some(path) => planned(&path, release)?,
        None => subject(release)?,
    };
    Ok(Command::Deploy { subject, environment, manner: how(manner) })
}

/// A plan file, which decides what is deployed alone.
fn planned(path: &Path, typed: ReleaseArguments) -> Result<DeploymentSubject, ExplainedError> {
    let decided = [
        ("--set", !typed.versions.set.is_empty()),
        ("--defaults", typed.defaults),
        ("--commit", typed.versions.commit.is_some()),
    ];
    if let Some((option, _)) = decided.into_iter().find(|(_, is_given)| *is_given) {
        return Err(CliError::PlanDecides { option }.into());
    }
    Ok(DeploymentSubject::Plan { application: typed.versions.app, plan: caller::plan(path)? })
}

fn subject(typed: ReleaseArguments) -> Result<DeploymentSubject, ExplainedError> {
    let application = typed.versions.app.clone();
    Ok(match typed.release {
        Some(path) => DeploymentSubject::Document { application, document: caller::signed_document(&path)? },
        None => DeploymentSubject::Files {
            bundle: brought(&typed.versions)?,
            application,
            versions: versions(typed.versions),
            defaults: typed.defaults,
        },
    })
}

/// The files that go with the command.
fn brought(typed: &VersionArguments) -> Result<Option<Content>, ExplainedError> {
    typed.bundle.as_deref().map(|path| bundle(&typed.app, path)).transpose()
}

/// The same of one file. What cannot be right is refused before it is waited for.
fn bundle(application: &ApplicationRef, file: &Path) -> Result<Content, ExplainedError> {
    match application {
        ApplicationRef::Name(_) => caller::bundle(file),
        ApplicationRef::Path(path) => Err(CommandError::BundleOfPath { path: path.clone() }.into()),
    }
}

/// Of two versions for one artifact the last counts.
fn versions(typed: VersionArguments) -> Versions {
    Versions { set: typed.set.into_iter().collect(), commit: typed.commit }
}

fn how(typed: MannerArguments) -> Manner {
    let MannerArguments { wait, retry, reason, break_glass } = typed;
    Manner { wait_ms: wait.map(milliseconds), retry, reason, break_glass, after: None }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn release(typed: ReleaseCommand) -> Result<Command, ExplainedError> {
    Ok(match typed {
        ReleaseCommand::Create { versions: typed, environment, building, out: _ } => {
            let BuildArguments { build, push, build_timeout } = building;
            let build = build.then(|| Build { push, deadline_ms: milliseconds(build_timeout) });
            let (application, bundle) = (typed.app.clone(), brought(&typed)?);
            Command::ReleaseCreate { application, bundle, versions: versions(typed), environment, build }
        }
        ReleaseCommand::Export { app: application, release, out: _ } => Command::ReleaseExport { application, release },
        ReleaseCommand::List { app: application } => Command::ReleaseList { application },
        ReleaseCommand::Show { of, release } if is_file(&of) => {
            let path = PathBuf::from(of);
            if let Some(wanted) = release {
                return Err(CliError::DocumentDecides { path, wanted }.into());
            }
            Command::ReleaseRead { document: caller::release_document(&path)? }
        }
        ReleaseCommand::Show { of: application, release } => Command::ReleaseShow { application, release },
        ReleaseCommand::Verify { file, key: keys } => {
            Command::ReleaseVerify { document: caller::signed_document(&file)?, keys }
        }
    })
}
