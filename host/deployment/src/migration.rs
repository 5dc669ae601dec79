//! Migrations of data: when going back would run old code on a schema that it doesn't understand.
//!
//! A release says so itself, under `[migration]`. Going back on request is refused. A deployment that fails after code
//! of such a release may have run is not undone: it is stuck, with the reason, until a person decides.

use windlass_domain::{Migration, Release};
use windlass_foundation::names::Instance;
use windlass_journal::{DeploymentState, Journal, Purpose, StepStatus};

/// Why a release may not run after what ran since it last succeeded here.
pub(super) fn forbids(
    journal: &Journal,
    instance: &Instance,
    release: &Release,
) -> Result<Option<String>, windlass_journal::Error> {
    let successes = journal.successes(instance)?;
    let Some(place) = successes.iter().position(|summary| summary.release.as_deref() == Some(release.id.as_str()))
    else {
        // It never ran here: it is not a way back.
        return Ok(None);
    };
    for later in &successes[..place] {
        let Some(ran) = journal.deployment_state(&later.id)?.release else { continue };
        let Some(migration) = &ran.migration else { continue };
        let oldest = migration.oldest_rollback.as_deref();
        // The version that it names may itself be in the history.
        let named = oldest.and_then(|oldest| {
            successes.iter().rposition(|summary| summary.version.as_deref() == Some(oldest)).map(|named| place <= named)
        });
        if let Some(why) = incompatible(migration, &ran.version, &release.version, named) {
            return Ok(Some(why));
        }
    }
    Ok(None)
}

/// Why a deployment that failed is not undone.
pub(super) fn freezes(state: &DeploymentState, previous: Option<&Release>) -> Option<String> {
    let (release, previous) = (state.release.as_deref()?, previous?);
    let migration = release.migration.as_ref()?;
    // A rollback goes the other way: what ran before it knows the newer schema.
    if state.asked.purpose == Purpose::Rollback || !may_have_run(state) {
        return None;
    }
    incompatible(migration, &release.version, &previous.version, None)
}

/// Whether code of the release may have run.
fn may_have_run(state: &DeploymentState) -> bool {
    state
        .plan
        .iter()
        .flat_map(|plan| &plan.steps)
        .any(|step| step.may_run_release() && state.step_status(&step.id) != StepStatus::Waiting)
}

/// `named` is what the history says about the version that `oldest-rollback` names: whether `older` ran since.
fn incompatible(migration: &Migration, newer: &str, older: &str, named: Option<bool>) -> Option<String> {
    if migration.irreversible {
        return Some(format!("version {newer} says that its migration is irreversible"));
    }
    let oldest = migration.oldest_rollback.as_deref()?;
    let allowed = older == oldest
        || match (version(older), version(oldest)) {
            (Some(older), Some(oldest)) => older >= oldest,
            // Labels without an order: what is not known to be compatible is not.
            _ => named.unwrap_or(false),
        };
    (!allowed).then(|| format!("version {newer} says that {oldest} is the oldest that it can go back to, not {older}"))
}

fn version(label: &str) -> Option<semver::Version> {
    semver::Version::parse(label.strip_prefix('v').unwrap_or(label)).ok()
}
