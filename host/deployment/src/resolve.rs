//! Resolution: from a request to an immutable release.

use std::path::Path;
use std::sync::PoisonError;

use windlass_domain::Release;
use windlass_foundation::explain::FailureKind;
use windlass_foundation::progress::{FlowPhase, Progress};
use windlass_journal::{Event, Origin, Status};

use super::backend::BackendError;
use super::request::Source;
use super::work::{Deployment, Halt, ReadyMade};

/// Makes the release and reads the settings of its file.
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
            let stopped = deployment.stopped()?.unwrap_or_else(BackendError::stopped);
            return Err(Halt::Refuse(stopped));
        }
    };
    deployment.write(&Event::Resolved { release: release.clone() })?;
    deployment.notice(Progress::Resolved { release: Box::new(release) });
    // A file that is wrong is said before anything else is done.
    deployment.settings().await.map_err(Halt::Refuse)?;
    Ok(())
}

async fn release(deployment: &Deployment<'_>) -> Result<Release, BackendError> {
    let state = deployment.state();
    match &deployment.given {
        Some(ReadyMade::Plan(file)) => return Ok(file.release.clone()),
        Some(ReadyMade::Release(release)) => return Ok((**release).clone()),
        None => {}
    }
    if matches!(state.asked.origin(), Origin::Plan | Origin::Release) {
        // Neither is in the journal before the release is, and nothing was touched.
        return Err(BackendError::cancelled("it was interrupted before what it was given was read"));
    }
    if let Some(of) = &state.asked.of {
        let earlier = deployment
            .engine
            .journal
            .deployment_state(of)
            .map_err(|error| BackendError::internal(format!("deployment {of} cannot be read: {error}")))?;
        return earlier
            .release
            .as_deref()
            .cloned()
            .ok_or_else(|| BackendError::new(FailureKind::NotFound, format!("deployment {of} has no release")));
    }
    let Some(directory) = state.asked.directory() else {
        let message = format!(
            "it was interrupted before its files were read; the journal names the directory `{}`, and not from where that \
             path begins",
            state.asked.source
        );
        return Err(BackendError::cancelled(message).with_hint("deploy again, from the directory that you mean"));
    };
    let source = Source {
        directory: directory.to_owned(),
        set: state.asked.set.clone(),
        commit: state.asked.commit.clone(),
        defaults: state.asked.defaults,
        unbound: state.asked.unbound.clone(),
    };
    let resolved = deployment.engine.backend.resolve(&state.instance, &source).await?;
    *deployment.notes.lock().unwrap_or_else(PoisonError::into_inner) = resolved.notes;
    Ok(resolved.release)
}

/// The directory of a release file as the journal keeps it: absolute, because the process that resumes the deployment
/// may have been started in another directory.
pub(super) fn place(directory: &Path) -> Result<String, BackendError> {
    let wrong = |why: &str| {
        let text = format!("`{}` cannot be deployed from: {why}", directory.display());
        BackendError::new(FailureKind::InvalidArgument, text)
    };
    let absolute = std::path::absolute(directory).map_err(|error| {
        wrong(&format!("the directory that this command was started in is not known ({error})"))
            .with_hint("start the command in a directory that exists, or give an absolute path")
    })?;
    absolute.into_os_string().into_string().map_err(|_| {
        wrong("its whole path is not UTF-8, and the journal keeps paths as text")
            .with_hint("rename or move the directory so that its path is UTF-8")
    })
}
