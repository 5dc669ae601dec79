//! Which release a request means: the plan in a file, or one that ran here before.

use super::engine::Engine;
use super::error::Error;
use super::request::{PLAN_FILE_FORMAT, PlanFile};
use crate::journal::Summary;

/// Whether a plan belongs here, and is what this host's agent planned.
pub(super) async fn vouch(engine: &Engine, file: &PlanFile, application: &str) -> Result<(), Error> {
    fits(file, application, &engine.environment)?;
    engine.outside.vouch(file).await.map_err(Error::Failed)
}

/// Whether a plan belongs to this application and environment.
pub(super) fn fits(file: &PlanFile, application: &str, environment: &str) -> Result<(), Error> {
    let wrong = |reason: String| Err(Error::PlanFile { reason });
    if file.format != PLAN_FILE_FORMAT {
        return wrong(format!("has format {}, this agent reads format {PLAN_FILE_FORMAT}", file.format));
    }
    if file.release.application != file.application {
        let reason = format!("has a release of `{}` and is for `{}`", file.release.application, file.application);
        return wrong(reason);
    }
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

/// The deployment whose release a rollback runs again: the last success before the one that runs, or the newest one
/// that fits an id, a number, a commit or a version.
pub fn earlier(engine: &Engine, application: &str, to: Option<&str>) -> Result<Summary, Error> {
    let successes = engine.journal.successes(application)?;
    let found = if let Some(wished) = to {
        successes.iter().find(|summary| matches(summary, wished))
    } else {
        // `unchanged` makes no new version, so what runs is the release of the newest success.
        let running = successes.first().and_then(|newest| newest.release.as_deref());
        successes.iter().find(|summary| summary.release.as_deref() != running)
    };
    found.cloned().ok_or_else(|| Error::NoTarget {
        application: application.to_owned(),
        wished: to.map_or_else(
            || "no other release succeeded here".to_owned(),
            |wished| format!("`{wished}` is the id, commit or version of none"),
        ),
    })
}

/// The newest deployment of a release that was resolved here, whatever came of it.
pub fn known(engine: &Engine, application: &str, wished: &str) -> Result<Summary, Error> {
    let all = engine.journal.history(Some(application), usize::MAX, None)?;
    let found = all.into_iter().find(|summary| summary.release.is_some() && matches(summary, wished));
    found.ok_or_else(|| Error::NoTarget {
        application: application.to_owned(),
        wished: format!("`{wished}` is the id, commit or version of none"),
    })
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
