//! Containers of deployments that the journal does not know: it may have been lost.
//!
//! They may as well be those of another agent on the same engine, which has a journal of its own. So the agent only
//! mentions them for an application that the user named, and otherwise for applications whose files are on this host.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use windlass_foundation::explain::quoted;
use windlass_release::application;

use crate::agent::Agent;
use crate::error::CommandError;

/// How long the engine is waited for. A question about the journal needs no engine.
const PATIENCE: Duration = Duration::from_secs(5);

/// The largest number of names that are listed.
const MOST: usize = 5;

/// The containers that deployments made, by application. None when the engine does not answer.
async fn containers(agent: &Agent) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if let Ok(Ok(objects)) = tokio::time::timeout(PATIENCE, agent.docker.our_containers()).await {
        for object in objects {
            found.entry(object.application).or_default().push(format!("`{}`", object.name));
        }
    }
    found
}

/// The error for an application of which the journal knows nothing.
pub(crate) async fn unknown(agent: &Agent, wanted: String) -> CommandError {
    match containers(agent).await.remove(&wanted) {
        Some(mut containers) => {
            containers.truncate(MOST);
            CommandError::NotInJournal { application: wanted, containers, state: agent.state_directory.clone() }
        }
        None => CommandError::NotDeployed { wanted },
    }
}

/// What to say when the journal is empty and deployments were made here all the same.
pub(crate) async fn warning(agent: &Agent) -> Option<String> {
    let config = &agent.config;
    let known: BTreeSet<String> =
        application::list(&config.applications_directory).unwrap_or_default().into_iter().collect();
    let applications: Vec<String> = containers(agent).await.into_keys().filter(|name| known.contains(name)).collect();
    let first = applications.first()?;
    let more = applications.len().saturating_sub(MOST);
    let named = quoted(&applications[..applications.len() - more]);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    Some(format!(
        "the journal in `{}` is empty, and there are containers here that deployments of {named}{more} made. If the \
         journal was lost, {}",
        agent.state_directory.display(),
        advice(first),
    ))
}

/// What to do about a lost journal.
pub(crate) fn advice(application: &str) -> String {
    format!(
        "restore the state directory from a backup. Without one, `windlass deploy {application}` takes over what runs: what is \
         as the release says stays, containers whose mounted files were lost are replaced. History, holds, what \
         recorders were not told, and the way back to earlier releases are lost"
    )
}
