//! The data that plugins get for a call, and the deadline of each call.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use windlass_foundation::call::{CallContext, CallPurpose};
use windlass_foundation::names::Instance;
use windlass_foundation::progress::Progress;
use windlass_journal::{Error as JournalError, Running};

use super::backend::{BackendError, Context, DeploymentSettings};
use super::engine::Engine;
use super::error::Error;

/// The sandbox ends a call at its deadline and says what it was doing; the flow waits a little longer for that.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What a deployment, or a question without one, is about.
#[derive(Clone)]
pub(super) struct Subject<'a> {
    pub(super) engine: &'a Engine,
    pub(super) instance: Instance,
    pub(super) about: Arc<CallContext>,
    pub(super) settings: Arc<DeploymentSettings>,
    pub(super) cancelled: CancellationToken,
}

/// What a call is about that asks about what runs, without a deployment.
///
/// # Errors
/// When the journal cannot be read.
pub fn about_running(engine: &Engine, instance: &Instance, running: &Running) -> Result<CallContext, JournalError> {
    let asked = engine.journal.deployment_state(&running.deployment)?.asked;
    Ok(CallContext {
        deployment: running.deployment.clone(),
        application: instance.to_string(),
        environment: engine.environment.clone(),
        purpose: CallPurpose::Status,
        release: Arc::clone(&running.release),
        running: Some(Arc::clone(&running.release)),
        plan: None,
        unbound: asked.unbound,
    })
}

impl<'a> Subject<'a> {
    /// What runs, asked about without a deployment.
    pub(super) async fn of_running(
        engine: &'a Engine,
        instance: &Instance,
        running: &Running,
        cancelled: CancellationToken,
    ) -> Result<Self, Error> {
        let about = Arc::new(about_running(engine, instance, running)?);
        let settings = Arc::new(engine.backend.settings(&running.release).await?);
        Ok(Self { engine, instance: instance.clone(), about, settings, cancelled })
    }
}

impl Subject<'_> {
    /// The same, called for another purpose.
    pub(super) fn purpose(self, purpose: CallPurpose) -> Self {
        Self { about: Arc::new(CallContext { purpose, ..(*self.about).clone() }), ..self }
    }

    /// Reports an event of it to the progress sink.
    pub(super) fn notice(&self, progress: Progress) {
        self.engine.notice(&self.about.of(), progress);
    }

    /// The context of one call.
    pub(super) fn context(&self, source: &str, attempt: u32, deadline: Duration) -> Context {
        Context {
            instance: self.instance.clone(),
            about: self.about.clone(),
            source: source.to_owned(),
            attempt,
            deadline,
            cancelled: self.cancelled.clone(),
            last_facts: Arc::default(),
        }
    }
}

/// Waits for an answer, but not for ever.
pub(super) async fn within<T>(
    context: &Context,
    what: &str,
    answer: impl Future<Output = Result<T, BackendError>>,
) -> Result<T, BackendError> {
    match tokio::time::timeout(context.deadline + LAST_WORDS, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(BackendError::late(what, context.deadline)),
    }
}
