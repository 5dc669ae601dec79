//! Which release a request means: the plan in a file, or one that ran here before.

use windlass_domain::Outcome;
use windlass_foundation::names::Instance;
use windlass_journal::{Purpose, Summary};

use super::engine::Engine;
use super::error::Error;
use super::request::{PLAN_FILE_FORMAT, PlanFile};

/// Whether a plan belongs here, and is what this host's agent planned.
pub(super) async fn vouch(engine: &Engine, file: &PlanFile, instance: &Instance) -> Result<(), Error> {
    fits(file, instance, &engine.environment)?;
    engine.backend.vouch(file).await.map_err(Error::Failed)
}

/// Whether a plan belongs to this application and environment.
pub(super) fn fits(file: &PlanFile, instance: &Instance, environment: &str) -> Result<(), Error> {
    let wrong = |reason: String| Err(Error::PlanFile { reason });
    if file.format != PLAN_FILE_FORMAT {
        return wrong(format!("has format {}, this agent reads format {PLAN_FILE_FORMAT}", file.format));
    }
    if file.release.application != file.application {
        let reason = format!("has a release of `{}` and is for `{}`", file.release.application, file.application);
        return wrong(reason);
    }
    let application = instance.application();
    if file.application != application {
        return wrong(format!("is for the application `{}`, not `{application}`", file.application));
    }
    if file.environment != environment {
        return wrong(format!("was made in the environment `{}`, this is `{environment}`", file.environment));
    }
    if file.plan.fingerprint != file.observation.fingerprint {
        return wrong("was made from another observation than the one it holds".to_owned());
    }
    Ok(())
}

/// The deployment whose release a rollback runs again: what ran before the release that runs now was deployed, or the
/// newest success that fits an id, a number, a commit or a version, rather one of another release than the one that runs.
pub fn earlier(engine: &Engine, instance: &Instance, to: Option<&str>) -> Result<Summary, Error> {
    let Some(wished) = to else { return before(engine, instance) };
    let running = engine.journal.running(instance)?.map(|running| running.release.id.clone());
    let successes = engine.journal.successes(instance)?;
    let fitting = || successes.iter().filter(|summary| matches(summary, wished));
    let other = fitting().find(|summary| !is_label(summary, wished) || summary.release != running);
    other.or_else(|| fitting().next()).cloned().ok_or_else(|| unknown(instance, wished))
}

/// The newest success that fits an id, a number, a commit or a version.
pub fn succeeded(engine: &Engine, instance: &Instance, wished: &str) -> Result<Summary, Error> {
    let found = engine.journal.successes(instance)?.into_iter().find(|summary| matches(summary, wished));
    found.ok_or_else(|| unknown(instance, wished))
}

fn unknown(instance: &Instance, wished: &str) -> Error {
    Error::NoTarget {
        application: instance.to_string(),
        wished: format!("`{wished}` is not the id, commit or version of a release"),
    }
}

/// The release that ran before the one that runs now, found along the line of deployed releases. A rollback adds
/// nothing to the line: the release that it runs has the place of its own deployment, and a release that was rolled
/// back from is not on the line any more.
fn before(engine: &Engine, instance: &Instance) -> Result<Summary, Error> {
    let none = || Error::NoTarget {
        application: instance.to_string(),
        wished: "no release ran here before the one that runs now; what was rolled back from is only deployed by name"
            .to_owned(),
    };
    let journal = &engine.journal;
    // `unchanged` makes no new version, so what runs is the release of the newest success.
    let mut at = journal.success_before(instance, u64::MAX)?.ok_or_else(|| Error::NoTarget {
        application: instance.to_string(),
        wished: "no release succeeded here yet".to_owned(),
    })?;
    let running = at.release.clone();
    loop {
        let deployed = place(engine, &at)?;
        let below = journal.success_before(instance, deployed)?.ok_or_else(none)?;
        if below.release != running {
            return Ok(below);
        }
        at = below;
    }
}

/// Fails unless what runs is what a deployment made, and none touched anything since.
pub(super) fn still(engine: &Engine, instance: &Instance, deployment: &str) -> Result<(), Error> {
    let followed = || Error::Followed { application: instance.to_string(), deployment: deployment.to_owned() };
    let running = engine.journal.running(instance)?;
    if running.is_none_or(|running| running.deployment != deployment) || touched_after(engine, instance, deployment)? {
        return Err(followed());
    }
    Ok(())
}

/// Whether a deployment of an application that followed on another one touched anything.
pub fn touched_after(engine: &Engine, instance: &Instance, deployment: &str) -> Result<bool, Error> {
    let history = engine.journal.history(Some(instance), usize::MAX, None)?;
    let mut later = history.iter().take_while(|summary| summary.id != deployment);
    Ok(later.any(|summary| !matches!(summary.outcome, Some(Outcome::Refused | Outcome::Unchanged))))
}

/// The number of the deployment that put a release where it is on the line: its own, or for a rollback that of the
/// deployment that it went back to.
fn place(engine: &Engine, summary: &Summary) -> Result<u64, Error> {
    let mut number = summary.number;
    let mut rollback = (summary.purpose == Purpose::Rollback).then(|| summary.id.clone());
    while let Some(id) = rollback {
        let Some(of) = engine.journal.deployment_state(&id)?.asked.of else { break };
        let earlier = engine.journal.deployment_state(&of)?;
        // Each step goes to a smaller number, so the loop ends.
        if earlier.number >= number {
            break;
        }
        number = earlier.number;
        rollback = (earlier.asked.purpose == Purpose::Rollback).then_some(of);
    }
    Ok(number)
}

/// Whether the text that the user gave is the label or the commit, which several releases can have.
fn is_label(summary: &Summary, wished: &str) -> bool {
    summary.version.as_deref() == Some(wished) || summary.commit.as_deref().is_some_and(|all| all.starts_with(wished))
}

/// The newest deployment of a release that was resolved here, whatever came of it.
pub fn known(engine: &Engine, instance: &Instance, wished: &str) -> Result<Summary, Error> {
    let all = engine.journal.history(Some(instance), usize::MAX, None)?;
    let found = all.into_iter().find(|summary| summary.release.is_some() && matches(summary, wished));
    found.ok_or_else(|| unknown(instance, wished))
}

/// The shortest beginning of an id or a commit that is taken for one.
const SHORTEST: usize = 4;

fn matches(summary: &Summary, wished: &str) -> bool {
    let begins = |whole: &str| wished.len() >= SHORTEST && whole.starts_with(wished);
    summary.number.to_string() == wished.trim_start_matches('#')
        || summary.version.as_deref() == Some(wished)
        || begins(&summary.id)
        || summary.commit.as_deref().is_some_and(begins)
        || summary.release.as_deref().is_some_and(|release| begins(release.trim_start_matches("sha256:")))
}
