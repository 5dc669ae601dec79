//! Resolve: from a wish to an immutable release.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use windlass_documents::{Failure, Release};

use super::request::Source;
use super::work::{Deployment, GIVEN, Given, Halt, failure};
use crate::journal::{Event, Status};
use crate::progress::{FlowPhase, Progress};

/// Makes the release and reads what its file orders.
pub(super) async fn resolve(deployment: &Deployment<'_>) -> Result<(), Halt> {
    if deployment.status() != Status::Resolving {
        return Ok(());
    }
    let _phase = deployment.phase(FlowPhase::Resolve);
    if let Some(stopped) = deployment.stopped()? {
        return Err(Halt::Refuse(stopped));
    }
    let release = tokio::select! {
        release = release(deployment) => release.map_err(Halt::Refuse)?,
        () = deployment.halt().cancelled() => {
            let stopped = deployment.stopped()?.unwrap_or_else(|| failure("cancelled", "stopped"));
            return Err(Halt::Refuse(stopped));
        }
    };
    deployment.write(&Event::Resolved { release: release.clone() })?;
    deployment.engine.notice(&Progress::Resolved(Arc::new(release)));
    // A file that is wrong is said before anything else is done.
    deployment.orders().await.map_err(Halt::Refuse)?;
    Ok(())
}

async fn release(deployment: &Deployment<'_>) -> Result<Release, Failure> {
    let account = deployment.account();
    match &deployment.given {
        Some(Given::Plan(file)) => return Ok(file.release.clone()),
        Some(Given::Release(release)) => return Ok((**release).clone()),
        None => {}
    }
    if account.asked.is_given_plan() || account.asked.source.starts_with(GIVEN) {
        // Neither is in the journal before the release is, and nothing was touched.
        return Err(failure("cancelled", "it was interrupted before what it was given was read"));
    }
    if let Some(of) = &account.asked.of {
        let earlier = deployment
            .engine
            .journal
            .account(of)
            .map_err(|error| failure("internal", format!("deployment {of} cannot be read: {error}")))?;
        return earlier
            .release
            .as_deref()
            .cloned()
            .ok_or_else(|| failure("not-found", format!("deployment {of} has no release")));
    }
    let source = Source {
        directory: PathBuf::from(&account.asked.source),
        set: account.asked.set.clone(),
        commit: account.asked.commit.clone(),
        defaults: account.asked.defaults,
        unbound: account.asked.unbound.clone(),
    };
    let resolved = deployment.engine.outside.resolve(&account.application, &source).await?;
    *deployment.notes.lock().unwrap_or_else(PoisonError::into_inner) = resolved.notes;
    Ok(resolved.release)
}
