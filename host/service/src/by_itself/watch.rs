//! The watch: for some time after a deployment the agent goes on asking what the deployment asked before it counted as
//! succeeded.
//!
//! What is watched follows from the journal and the release's file alone, so that a restart changes nothing.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use windlass_api::Command;
use windlass_api::command::ApplicationRef;
use windlass_deployment::Stop;
use windlass_domain::Failure;
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::names::Instance;
use windlass_foundation::principal::Principal;
use windlass_journal::{Answered, Concern, Decision, Mode, Notice, ProbeResult, Purpose, Running};
use windlass_release::environment::OnWatchFailure;

use super::proofs::Meaning;
pub use super::proofs::Memory;
use super::{Findings, after, held_back, is_busy, is_own, manner, write_down};
use crate::Service;
use crate::agent::Agent;
use crate::run::Run;

/// How long something that is not well yet is waited for in one sample.
const PATIENCE: Duration = Duration::from_mins(1);

/// A deployment that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Watched {
    /// What was deployed.
    pub instance: Instance,
    /// The deployment that made it.
    pub deployment: String,
    /// How often it is asked.
    pub every: Duration,
}

/// What there is to look after.
#[derive(Debug, Default)]
pub struct Survey {
    /// Everything that is watched.
    pub watched: Vec<Watched>,
    /// Whether anything runs that could drift.
    pub may_drift: bool,
}

/// How long what runs is watched, and what then.
pub(crate) struct Watch {
    pub(crate) until: Timestamp,
    every: Duration,
    on_failure: OnWatchFailure,
}

/// The watch of what runs; none where its release asks for none, and where its time is over.
pub(crate) fn of(agent: &Agent, running: &Running) -> Option<Watch> {
    // A release whose files are gone cannot be asked either.
    let afterwards = agent.afterwards(&running.release).ok()?;
    let until = running.since.checked_add(afterwards.watch?).ok()?;
    let watch = Watch { until, every: afterwards.watch_every, on_failure: afterwards.on_watch_failure };
    (agent.journal.now() < until).then_some(watch)
}

/// The same; a watch that found something goes on until all is well again.
fn going_on(agent: &Agent, instance: &Instance, running: &Running) -> Result<Option<Watch>, ExplainedError> {
    if let Some(watch) = of(agent, running) {
        return Ok(Some(watch));
    }
    if !agent.journal.concerns(instance)?.iter().any(|found| found.about == Concern::Watch) {
        return Ok(None);
    }
    let Ok(afterwards) = agent.afterwards(&running.release) else { return Ok(None) };
    // Its time is over: people are told when it is well again, and nothing else follows.
    Ok(Some(Watch { until: running.since, every: afterwards.watch_every, on_failure: OnWatchFailure::Alert }))
}

impl Service {
    /// What there is to look after now.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn survey(&self) -> Result<Survey, ExplainedError> {
        let agent = self.by_itself().open(Mode::Read).await?;
        let mut survey = Survey::default();
        for known in agent.journal.status(None)? {
            let Some(running) = known.running else { continue };
            survey.may_drift = true;
            if let Some(watch) = going_on(&agent, &known.instance, &running)? {
                let (instance, deployment) = (known.instance, running.deployment);
                survey.watched.push(Watched { instance, deployment, every: watch.every });
            }
        }
        Ok(survey)
    }

    /// Takes one sample of what is watched. None where it is not watched any more.
    ///
    /// # Errors
    /// When the operator's file or the journal cannot be used. What the tests say is no error.
    pub(crate) async fn sample(
        &self,
        watched: &Watched,
        memory: &mut Memory,
        stop: &Stop,
    ) -> Result<Option<Findings>, ExplainedError> {
        Box::pin(sample(&self.by_itself(), watched, memory, stop)).await
    }
}

async fn sample(
    run: &Run,
    watched: &Watched,
    memory: &mut Memory,
    stop: &Stop,
) -> Result<Option<Findings>, ExplainedError> {
    let Watched { instance, deployment, .. } = watched;
    let agent = run.open(Mode::Read).await?;
    let is_meant = |running: &Running| running.deployment == *deployment;
    let running = agent.journal.running(instance)?.filter(is_meant);
    let Some(running) = running else { return Ok(None) };
    let Some(watch) = going_on(&agent, instance, &running)? else { return Ok(None) };
    // While a deployment changes what runs, a sample says nothing.
    if is_busy(&agent, instance)? {
        return Ok(Some(Findings::default()));
    }
    let proofs = match windlass_deployment::verify_only(&agent.engine, instance, PATIENCE, stop).await {
        Ok(verified) => verified.proofs,
        Err(windlass_deployment::Error::Stopped) => return Ok(Some(Findings::default())),
        // Nothing can be asked: its files are gone, say.
        Err(windlass_deployment::Error::Failed(failure)) => vec![unasked(failure.into())],
        Err(error) => return Err(error.into()),
    };
    if agent.journal.running(instance)?.is_none_or(|running| !is_meant(&running)) || is_busy(&agent, instance)? {
        return Ok(Some(Findings::default()));
    }
    let mut findings = Findings::default();
    match memory.add(&proofs) {
        Meaning::Unclear => {}
        Meaning::Well => {
            findings.told.extend(write_down(run, instance, deployment, Concern::Watch, None).await?);
        }
        Meaning::CannotTell(what) => {
            findings.told.extend(write_down(run, instance, deployment, Concern::Watch, Some(&what)).await?);
        }
        Meaning::Fails(what) => {
            findings.told.extend(write_down(run, instance, deployment, Concern::Watch, Some(&what)).await?);
            if watch.on_failure == OnWatchFailure::Rollback && !memory.has_acted {
                memory.has_acted = true;
                match way_back(&agent, instance, &running)? {
                    Ok(to) => {
                        let reason = format!("watch: {what}");
                        quarantine(run, instance, &running, &reason).await?;
                        findings.commands.push(rollback(instance, &running, to, reason));
                        findings.told.push(format!("{instance}: watch: what ran before is deployed again"));
                    }
                    Err(why) => findings.told.push(format!("{instance}: watch: it is not rolled back: {why}")),
                }
            }
        }
    }
    Ok(Some(findings))
}

/// A sample in which nothing could be asked.
fn unasked(failure: Failure) -> Answered {
    let (name, answer) = (windlass_domain::VERIFICATION.to_owned(), ProbeResult::Failure(failure));
    Answered { name, answer, decision: Decision::Refused }
}

/// The deployment to go back to, or why there is no going back without a person.
fn way_back(agent: &Agent, instance: &Instance, running: &Running) -> Result<Result<String, String>, ExplainedError> {
    if let Some(why) = held_back(agent, instance)? {
        return Ok(Err(why));
    }
    if let Some(pin) = agent.journal.pin(instance)? {
        return Ok(Err(format!("{} pinned version {}: {}", pin.actor, pin.version, pin.reason)));
    }
    if agent.journal.deployment_state(&running.deployment)?.asked.purpose == Purpose::Rollback {
        return Ok(Err("it is what was gone back to".to_owned()));
    }
    if windlass_deployment::touched_after(&agent.engine, instance, &running.deployment)? {
        return Ok(Err("another deployment followed".to_owned()));
    }
    for later in after(agent, instance, &running.deployment)? {
        if is_own(agent, &later)? {
            return Ok(Err(format!("that was tried: deployment {}", later.id)));
        }
    }
    Ok(windlass_deployment::earlier(&agent.engine, instance, None).map(|to| to.id).map_err(|error| error.to_string()))
}

/// The release failed here, as after a deployment that failed.
async fn quarantine(run: &Run, instance: &Instance, running: &Running, reason: &str) -> Result<(), ExplainedError> {
    let agent = run.open(Mode::Write).await?;
    let notice = Notice::Quarantined {
        actor: (&Principal::agent()).into(),
        reason: reason.to_owned(),
        release: running.release.id.clone(),
        version: running.release.version.clone(),
    };
    agent.journal.note(instance, &notice)?;
    Ok(())
}

fn rollback(instance: &Instance, running: &Running, to: String, reason: String) -> Command {
    let application = ApplicationRef::Name(instance.to_string());
    Command::Rollback { application, to: Some(to), pin: false, manner: manner(running, reason) }
}
