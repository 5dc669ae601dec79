//! What the agent that stays does without a command: it watches what was deployed, looks for drift and removes what nothing
//! needs.
//!
//! Each function does one round, and says what follows from it: what people are told, and which commands are to be carried
//! out, in the agent's own name. When it does so is decided elsewhere.

pub mod drift;
pub(crate) mod proofs;
pub mod sweep;
pub mod watch;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use windlass_api::Command;
use windlass_api::command::Manner;
use windlass_deployment::say;
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::names::Instance;
use windlass_foundation::principal::Proof;
use windlass_journal::{Concern, Mode, Running, Summary};

use crate::agent::Agent;
use crate::run::Run;

/// How many deployments are looked back at.
const LOOK_BACK: usize = 100;

/// What follows from a round.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Findings {
    /// What is new, one sentence each.
    pub told: Vec<String>,
    /// What the agent does about it in its own name.
    pub commands: Vec<Command>,
}

/// How long the agent's own deployments wait for who holds the application.
const WAIT: Duration = Duration::from_mins(1);

/// The longest sentence about what was found, in characters: what plugins say is longer at times, and is elsewhere.
const LONGEST: usize = 500;

/// A sentence that is not too long.
fn short(text: &str) -> String {
    let mut letters = text.chars();
    let kept: String = letters.by_ref().take(LONGEST).collect();
    if letters.next().is_some() { format!("{kept}…") } else { kept }
}

/// Writes down what was found, where it is new. `what` is none where all is well again.
async fn write_down(
    run: &Run,
    instance: &Instance,
    deployment: &str,
    about: Concern,
    what: Option<&str>,
) -> Result<Option<String>, ExplainedError> {
    let agent = run.open(Mode::Write).await?;
    let is_new = say(&agent.engine, instance, deployment, about, what).await?;
    Ok(is_new.then(|| match what {
        Some(what) => format!("{instance}: {}: {what}", about.word()),
        None => format!("{instance}: {}: as it was deployed again", about.word()),
    }))
}

/// Whether a person keeps an application as it is, or has to look at it: then it is only told about. Why, in words.
fn held_back(agent: &Agent, instance: &Instance) -> Result<Option<String>, ExplainedError> {
    if let Some(freeze) = agent.journal.freeze(instance)? {
        return Ok(Some(format!("it is frozen by {}: {}", freeze.actor, freeze.reason)));
    }
    Ok(agent.journal.stuck(Some(instance))?.first().map(|stuck| format!("deployment {} is stuck", stuck.id)))
}

/// How the agent deploys by itself: about what runs now and nothing that follows. What holds the application for a moment, a
/// recorder that is told, is waited for.
fn manner(running: &Running, reason: String) -> Manner {
    let wait_ms = u64::try_from(WAIT.as_millis()).ok();
    Manner { wait_ms, reason: Some(reason), after: Some(running.deployment.clone()), ..Manner::default() }
}

/// Whether a deployment of the application goes on, or is open.
fn is_busy(agent: &Agent, instance: &Instance) -> Result<bool, ExplainedError> {
    Ok(windlass_deployment::is_held(&agent.engine, instance)
        || !agent.journal.open_deployments(Some(instance))?.is_empty())
}

/// The deployments that followed on one, the newest first.
fn after(agent: &Agent, instance: &Instance, deployment: &str) -> Result<Vec<Summary>, ExplainedError> {
    let history = agent.journal.history(Some(instance), LOOK_BACK, None)?;
    Ok(history.into_iter().take_while(|summary| summary.id != deployment).collect())
}

/// Whether the agent asked for a deployment by itself.
fn is_own(agent: &Agent, summary: &Summary) -> Result<bool, ExplainedError> {
    let asked = agent.journal.asked_by(&summary.id)?;
    Ok(asked.is_some_and(|principal| *principal.proof() == Proof::Agent))
}
