//! One version in the place of another, while no agent runs: the order of stop, journal, files and start that an update and going back
//! have in common.

use std::path::Path;
use std::time::Duration;

use windlass_daemon::Place as Socket;
use windlass_foundation::explain::Explain as _;
use windlass_service::presence::{self, Presence};

use crate::agent::{Agent, answers};
use crate::{Host, command, hooks};

/// How long an agent may take until it answers.
const ANSWER: Duration = Duration::from_secs(30);

/// Stops the agent. No agent, and no command that would work by itself, begins anything while what is returned is kept.
pub(crate) async fn stopped(host: &Host, agent: Agent) -> Result<Option<Presence>, String> {
    agent.stop().await?;
    hooks::reach("stopped");
    presence::hold(&host.config.state_directory).map_err(|error| match error.hint() {
        Some(_) => format!("{error}, although it was stopped"),
        None => error.to_string(),
    })
}

/// Starts the agent and waits until it answers as this version. Where none ran, the program is asked whether it can read this host.
pub(crate) async fn serves(host: &Host, agent: Agent, program: &Path, version: Option<&str>) -> Result<(), String> {
    agent.start().await?;
    hooks::reach("started");
    let socket = Socket::of(host.config.file.as_deref()).0;
    match (socket, version) {
        (Some(socket), Some(version)) if agent.is_there() => answers(&socket, version, ANSWER).await,
        // Another program's stale socket is asked by no command of ours.
        (Some(socket), _) if socket.is_there() => Ok(()),
        _ => reads(host, program).await,
    }
}

/// Whether a program can read the operator's file and the journal. It changes neither.
async fn reads(host: &Host, program: &Path) -> Result<(), String> {
    let mut arguments = vec!["history".to_owned(), "--limit".to_owned(), "1".to_owned()];
    if let Some(file) = &host.config.file {
        arguments.extend(["--config".to_owned(), file.display().to_string()]);
    }
    match command::run(program, &arguments, ANSWER).await {
        Ok(ended) if ended.well => Ok(()),
        Ok(ended) => Err(format!("it cannot read this host: {}", ended.said())),
        Err(error) => Err(format!("it does not run: {error}")),
    }
}
