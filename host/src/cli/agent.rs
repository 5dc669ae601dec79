//! The agent that stays: how it is started here, and how the commands of a person reach it.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_api::{Command, Reply};
use windlass_daemon::{AgentError, Announcement, Client, Place};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::principal::Principal;
use windlass_report::Printer;
use windlass_report::host_log::{About, HostLog};
use windlass_report::page::{Ink, Line};
use windlass_service::{Service, Sink};

use super::arguments::{AttachArguments, StopArguments};
use super::error::CliError;
use super::request;
use super::terminal::{Terminal, Watching};

/// Carries out a command: the agent does where one stays on this host, and else this process.
pub(super) async fn execute(
    config: Option<PathBuf>,
    principal: &Principal,
    command: Command,
    sink: Arc<dyn Sink>,
) -> Result<Reply, ExplainedError> {
    let (place, read) = Place::of(config.as_deref());
    let Some(place) = place.filter(Place::is_there) else {
        return Service::new(config, request::grammar).having_read(read).execute(principal, command, sink).await;
    };
    let directory = env::current_dir().map_err(CliError::Directory)?;
    let command = command.from_directory(&directory);
    Ok(Client::new(place, principal.clone())?.execute(command, sink).await?)
}

/// Shows what the agent carries out.
pub(super) async fn attach(
    config: Option<&Path>,
    principal: &Principal,
    typed: &AttachArguments,
    terminal: &Arc<Terminal>,
) -> Result<Reply, ExplainedError> {
    let watching = Arc::new(Watching(Arc::clone(terminal)));
    Ok(client(config, principal)?.attach(typed.operation.as_deref(), watching).await?)
}

/// Asks the agent to stop something.
pub(super) async fn stop(
    config: Option<&Path>,
    principal: &Principal,
    typed: &StopArguments,
    printer: Printer,
) -> Result<ExitCode, ExplainedError> {
    let stopped = client(config, principal)?.stop(typed.operation.as_deref(), typed.leave).await?;
    let what = if typed.leave { "is left as it is" } else { "is put back" };
    let text = format!(
        "as asked: what `{}` changed {what}; `windlass attach {}` shows it",
        stopped.operation, stopped.operation
    );
    printer.status(&Line::new().ink(Ink::Warn, "   Stopping").text(" ").text(text));
    Ok(ExitCode::Succeeded)
}

/// The agent that stays on this host.
fn client(config: Option<&Path>, principal: &Principal) -> Result<Client, ExplainedError> {
    let place = Place::of(config)
        .0
        .ok_or_else(|| AgentError::NoSocket { config: config.unwrap_or(Path::new("")).to_owned() })?;
    if !place.is_there() {
        return Err(AgentError::NoAgent { path: place.path().to_owned() }.into());
    }
    Ok(Client::new(place, principal.clone())?)
}

/// Is the agent, until the process is asked to end.
pub(super) async fn serve(config: Option<PathBuf>, printer: Printer) -> Result<ExitCode, ExplainedError> {
    let log = HostLog::new(printer);
    let announce = move |announcement: Announcement| {
        let operation = announcement.operation();
        let trigger = match &announcement {
            Announcement::HookRefused { trigger, .. } => trigger.as_deref(),
            _ => None,
        };
        let about = About {
            operation: operation.map(|operation| operation.id.as_str()),
            deployment: operation.filter(|operation| operation.deploys).map(|operation| operation.id.as_str()),
            application: operation.and_then(|operation| operation.application.as_deref()),
            trigger,
            by: operation.map(|operation| operation.by.as_str()),
        };
        log.write(&sentence(&announcement), announcement.is_warning(), about);
    };
    windlass_daemon::serve(config, request::grammar, Arc::new(announce)).await?;
    Ok(ExitCode::Succeeded)
}

/// Does one piece of work of the agent, whose process started this one.
pub(super) fn work(config: Option<PathBuf>) -> Result<ExitCode, ExplainedError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::Runtime)?;
    let exit = runtime.block_on(windlass_daemon::work(config, request::grammar));
    // It reads standard input until the process ends.
    runtime.shutdown_background();
    Ok(exit)
}

/// What the agent says about itself, as a line of its log.
fn sentence(announcement: &Announcement) -> String {
    match announcement {
        Announcement::Port { key, address } => format!("`{key}` is at http://{address}"),
        Announcement::Ready { socket, resumed: 0 } => format!("the agent takes commands at {}", socket.display()),
        Announcement::Ready { socket, resumed } => {
            format!("the agent takes commands at {}; it resumes {resumed} open deployment(s)", socket.display())
        }
        Announcement::Began(operation) => {
            format!("operation {} began: `{}`, asked for by {}", operation.id, operation.command, operation.by)
        }
        Announcement::Ended { operation, exit, error } => {
            let application = operation.application.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
            let error = error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            format!(
                "operation {} ended, {}: `{}`{application}, asked for by {}{error}",
                operation.id,
                exit.word(),
                operation.command,
                operation.by
            )
        }
        Announcement::HookRefused { trigger, why, more } => {
            let hook = trigger.as_ref().map_or("an unknown hook".to_owned(), |name| format!("the hook `{name}`"));
            let more = if *more == 0 { String::new() } else { format!("; {more} more were refused before it") };
            format!("a request to {hook} was refused: {why}{more}")
        }
        Announcement::Stopping { running: 0 } => "the agent ends".to_owned(),
        Announcement::Stopping { running } => {
            format!("the agent ends: it waits for the steps in flight of {running} operation(s)")
        }
        Announcement::NoWord(why) => {
            format!("`maintenance.json` beside the socket cannot be written, so callers are told of a crash: {why}")
        }
        Announcement::OutboxFailed(why) => {
            format!("recorders were not told, which is tried again in five minutes: {why}")
        }
        Announcement::ByItself(text) => text.clone(),
        Announcement::Stopped => "the agent has ended".to_owned(),
    }
}
