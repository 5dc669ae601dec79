//! Drift: whether what runs is still what was deployed, looked at without being asked.
//!
//! The look is the one of `status`. Where the release says so, what was deployed is deployed again, but not for ever: two
//! tools that want different things of one host do not fight.

use std::time::Duration;

use futures::StreamExt as _;
use jiff::SignedDuration;
use windlass_api::Command;
use windlass_api::command::{ApplicationRef, DeploymentSubject};
use windlass_domain::Outcome;
use windlass_foundation::explain::ExplainedError;
use windlass_foundation::names::Instance;
use windlass_journal::{Application, Concern, Mode, Running};
use windlass_release::environment::OnDrift;

use super::{Findings, LOOK_BACK, held_back, is_busy, is_own, manner, write_down};
use crate::Service;
use crate::agent::Agent;
use crate::commands::status;
use crate::run::Run;

/// At how many applications it looks at once.
const AT_ONCE: usize = 4;

/// How the reason of a restoration begins.
const REASON: &str = "drift: ";

/// How many restorations there may be within [`LONG`]; after these, drift is only told.
const MOST: usize = 3;
const LONG: Duration = Duration::from_hours(1);

/// How long after a restoration that did not succeed there is none.
const AFTER_FAILURE: Duration = Duration::from_mins(15);

impl Service {
    /// Compares what runs with what was deployed, once, for every application without a deployment that goes on.
    ///
    /// # Errors
    /// When the operator's file or the journal cannot be used. What cannot be looked at now is looked at the next time.
    pub(crate) async fn look_for_drift(&self) -> Result<Findings, ExplainedError> {
        Box::pin(look(&self.by_itself())).await
    }
}

async fn look(run: &Run) -> Result<Findings, ExplainedError> {
    let agent = run.open(Mode::Read).await?;
    let running = |known: Application| Some((known.instance, known.running?));
    let known: Vec<(Instance, Running)> = agent.journal.status(None)?.into_iter().filter_map(running).collect();
    let looks: Vec<_> = known.iter().map(|(instance, running)| one(run, &agent, instance, running)).collect();
    let mut all = Findings::default();
    for findings in futures::stream::iter(looks).buffered(AT_ONCE).collect::<Vec<_>>().await {
        let Findings { told, commands } = findings?;
        all.told.extend(told);
        all.commands.extend(commands);
    }
    Ok(all)
}

async fn one(run: &Run, agent: &Agent, instance: &Instance, running: &Running) -> Result<Findings, ExplainedError> {
    let mut findings = Findings::default();
    if is_busy(agent, instance)? || !agent.journal.stuck(Some(instance))?.is_empty() {
        return Ok(findings);
    }
    let Ok((_, drift)) = status::look(agent, instance, running).await else { return Ok(findings) };
    // A deployment that began meanwhile explains every difference.
    let runs = agent.journal.running(instance)?.map(|running| running.deployment);
    if runs.as_ref() != Some(&running.deployment) || is_busy(agent, instance)? {
        return Ok(findings);
    }
    let deployment = &running.deployment;
    if drift.is_empty() {
        findings.told.extend(write_down(run, instance, deployment, Concern::Drift, None).await?);
        return Ok(findings);
    }
    // An engine that ends stops what it runs, and starts it again when it begins.
    if agent.engine.backend.was_away().await {
        return Ok(findings);
    }
    let what = super::short(&drift.join("; "));
    let told = write_down(run, instance, deployment, Concern::Drift, Some(&what)).await?;
    let is_new = told.is_some();
    findings.told.extend(told);
    let restores = agent.afterwards(&running.release).is_ok_and(|afterwards| afterwards.on_drift == OnDrift::Restore);
    if restores {
        match hindrance(agent, instance)? {
            None => {
                findings.commands.push(restoration(instance, running, &what));
                findings.told.push(format!("{instance}: drift: what was deployed is deployed again"));
            }
            Some(why) if is_new => findings.told.push(format!("{instance}: drift: it is not put right: {why}")),
            Some(_) => {}
        }
    }
    Ok(findings)
}

/// Why what was deployed is not deployed again now; none where it is.
fn hindrance(agent: &Agent, instance: &Instance) -> Result<Option<String>, ExplainedError> {
    if let Some(why) = held_back(agent, instance)? {
        return Ok(Some(why));
    }
    let now = agent.journal.now();
    let within = |time: jiff::Timestamp, span: Duration| {
        now.duration_since(time) < SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
    };
    let (mut number, mut is_last) = (0, true);
    for summary in agent.journal.history(Some(instance), LOOK_BACK, None)? {
        if !within(summary.started, LONG) {
            break;
        }
        let is_restoration = summary.reason.as_ref().is_some_and(|reason| reason.starts_with(REASON));
        if !is_restoration || !is_own(agent, &summary)? {
            continue;
        }
        let succeeded = matches!(summary.outcome, Some(Outcome::Succeeded | Outcome::Unchanged));
        if std::mem::take(&mut is_last) && !succeeded && within(summary.started, AFTER_FAILURE) {
            return Ok(Some(format!("deployment {}, which should have done so, did not succeed", summary.id)));
        }
        number += 1;
    }
    Ok((number >= MOST).then(|| format!("that was done {number} times within an hour, and it did not stay")))
}

/// The very release that runs, once more.
fn restoration(instance: &Instance, running: &Running, what: &str) -> Command {
    let application = ApplicationRef::Name(instance.to_string());
    let manner = manner(running, format!("{REASON}{what}"));
    Command::Deploy { subject: DeploymentSubject::Running { application }, environment: None, manner }
}
