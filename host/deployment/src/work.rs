//! A deployment in the making: its state in the journal, and what this process knows besides.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OnceCell, SetOnce};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use windlass_domain::{Failure, Observation, Outcome, Plan, Release, Step, When};
use windlass_foundation::blocking::blocking;
use windlass_foundation::call::{CallContext, CallPurpose};
use windlass_foundation::principal::{Principal, Proof};
use windlass_foundation::progress::{DeploymentRef, FlowPhase, Level, Progress};
use windlass_journal::{
    Asked, DeploymentState, Event, Origin, Owner, Purpose, SharedState, Status, StepStatus, Summary, WithLine,
    outcome_word,
};

use super::backend::{BackendError, DeploymentSettings};
use super::engine::Engine;
use super::error::Error;
use super::request::{DeploymentRequest, Ending, PlanFile, Target, event_of};
use super::resolve;
use super::stop::Stop;
use super::subject::Subject;
use super::target;

/// Why the flow doesn't go forward.
pub(super) enum Halt {
    /// The release runs already.
    Unchanged,
    /// A gate says no; nothing was touched.
    Refuse(BackendError),
    /// Something failed; what was touched is put back.
    Unwind(BackendError),
    /// It cannot go on here: it stays open.
    Leave(Error),
}

impl From<windlass_journal::Error> for Halt {
    fn from(error: windlass_journal::Error) -> Self {
        Self::Leave(error.into())
    }
}

/// Why plugins are called on the way of a deployment.
pub(super) fn purpose(purpose: Purpose) -> CallPurpose {
    match purpose {
        Purpose::Deploy => CallPurpose::Deploy,
        Purpose::Rollback => CallPurpose::Rollback,
    }
}

/// What is not made by this deployment.
pub(super) enum ReadyMade {
    /// The release, what was observed, and the plan.
    Plan(Box<PlanFile>),
    /// The release.
    Release(Box<Release>),
}

/// A deployment that this process works on.
pub(super) struct Deployment<'a> {
    pub(super) engine: &'a Engine,
    pub(super) stop: Stop,
    /// The release that ran before.
    pub(super) previous: Option<Arc<Release>>,
    /// What was given, until it is in the journal.
    pub(super) given: Option<ReadyMade>,
    /// Remarks of the plan about versions that the request did not name.
    pub(super) notes: Mutex<Vec<String>>,
    /// What its events are about.
    of: DeploymentRef,
    state: SharedState,
    settings: OnceCell<Arc<DeploymentSettings>>,
    /// Cancelled when a user or a signal asks to stop, or when the time is up.
    halt: CancellationToken,
    /// Why it is set, when it is time.
    time_is_up: OnceLock<Duration>,
    allowed: SetOnce<Duration>,
    warnings: Mutex<Vec<String>>,
    began: Instant,
}

impl<'a> Deployment<'a> {
    /// Opens a new one in the journal.
    pub(super) fn open(engine: &'a Engine, request: DeploymentRequest, stop: &Stop) -> Result<Self, Error> {
        let running = engine.journal.running(&request.instance)?;
        if let Some(after) = &request.after {
            target::still(engine, &request.instance, after)?;
        }
        let mut asked = Asked {
            purpose: Purpose::Deploy,
            source: String::new(),
            origin: None,
            set: std::collections::BTreeMap::new(),
            commit: None,
            defaults: false,
            reason: request.reason,
            break_glass: request.break_glass,
            retry: request.retry,
            of: None,
            unbound: None,
        };
        let mut given = None;
        let (origin, of) = match request.target {
            Target::Source(source) => {
                let directory = resolve::place(&source.directory)?;
                asked.set = source.set;
                asked.commit = source.commit;
                asked.defaults = source.defaults;
                asked.unbound = source.unbound;
                (Origin::Directory, directory)
            }
            Target::Planned(file) => {
                target::fits(&file, &request.instance, &engine.environment)?;
                asked.unbound.clone_from(&file.unbound);
                if file.rollback_of.is_some() {
                    asked.purpose = Purpose::Rollback;
                    asked.of.clone_from(&file.rollback_of);
                }
                given = Some(ReadyMade::Plan(file));
                (Origin::Plan, String::new())
            }
            Target::Given { release, origin, unbound, .. } => {
                asked.unbound = unbound;
                given = Some(ReadyMade::Release(release));
                (Origin::Release, origin)
            }
            Target::Rollback { to } => {
                let of = target::earlier(engine, &request.instance, to.as_deref())?.id;
                asked.purpose = Purpose::Rollback;
                // It may do what it might do then.
                asked.unbound = engine.journal.deployment_state(&of)?.asked.unbound;
                asked.of = Some(of.clone());
                (Origin::Deployment, of)
            }
        };
        (asked.source, asked.origin) = (origin.source(&of), Some(origin));
        let opened = |number| Event::Opened {
            number,
            instance: request.instance,
            environment: engine.environment.clone(),
            asked,
            owner: owner(&request.principal),
            previous: running.as_ref().map(|running| running.deployment.clone()),
        };
        let id = request.id.unwrap_or_else(|| engine.ids.next());
        let state = blocking(|| engine.journal.begin(&id, opened))?;
        Ok(Self::new(engine, state, running.map(|running| running.release), given, stop))
    }

    /// Takes over one that another process left.
    pub(super) fn take_over(engine: &'a Engine, id: &str, by: &Principal, stop: &Stop) -> Result<Self, Error> {
        let mut state = engine.journal.deployment_state(id)?;
        let previous = match &state.previous {
            Some(previous) => engine.journal.deployment_state(previous)?.release,
            None => None,
        };
        // A stuck deployment is not open: it is not resumed before an operator resolves it.
        if state.status.is_open() {
            // The agent by itself goes on for who asked.
            let owner = match by.proof() {
                Proof::Agent => Owner { actor: state.owner.actor.clone(), ..owner(by) },
                _ => owner(by),
            };
            let event = Event::Resumed { owner };
            blocking(|| engine.journal.append(&mut state, &event, &WithLine::default()))?;
        }
        Ok(Self::new(engine, state, previous, None, stop))
    }

    fn new(
        engine: &'a Engine,
        state: DeploymentState,
        previous: Option<Arc<Release>>,
        given: Option<ReadyMade>,
        stop: &Stop,
    ) -> Self {
        let of = DeploymentRef { application: state.instance.to_string(), deployment: Some(state.id.clone()) };
        let opened = Progress::Opened {
            deployment: state.id.clone(),
            application: state.instance.to_string(),
            environment: state.environment.clone(),
            resumed: state.resumed > 0,
        };
        engine.notice(&of, opened);
        if let Status::Settled(outcome) = state.status {
            engine.notice(&of, Progress::Settled { outcome, took: None });
        }
        let halt = stop.unwind().child_token();
        // A request to stop was recorded by an earlier process: no step is started only to be undone at once.
        if state.cancelled.is_some() {
            halt.cancel();
        }
        Self {
            engine,
            stop: stop.clone(),
            previous,
            given,
            notes: Mutex::default(),
            of,
            state: SharedState::new(state),
            settings: OnceCell::new(),
            halt,
            time_is_up: OnceLock::new(),
            allowed: SetOnce::new(),
            warnings: Mutex::new(Vec::new()),
            began: Instant::now(),
        }
    }

    /// What the journal says about it now.
    pub(super) fn state(&self) -> DeploymentState {
        self.state.copy()
    }

    /// Asks the state without copying it.
    pub(super) fn with<T>(&self, question: impl FnOnce(&DeploymentState) -> T) -> T {
        self.state.with(question)
    }

    pub(super) fn status(&self) -> Status {
        self.state.with(|state| state.status)
    }

    /// Whether its release is the one that ran before.
    pub(super) fn is_what_runs(&self) -> bool {
        let Some(previous) = &self.previous else { return false };
        self.with(|state| state.release.as_ref().is_some_and(|release| release.id == previous.id))
    }

    /// Whether it has a plan that changes nothing, and nothing was begun.
    pub(super) fn has_nothing_to_change(&self) -> bool {
        self.with(|state| state.status == Status::Checking && state.plan.as_deref().is_some_and(Plan::is_unchanged))
    }

    /// Writes a line. What it announces may be done once this returned.
    pub(super) fn write(&self, event: &Event) -> Result<(), windlass_journal::Error> {
        self.write_also(event, &WithLine::default())
    }

    fn write_also(&self, event: &Event, also: &WithLine) -> Result<(), windlass_journal::Error> {
        blocking(|| self.engine.journal.append_to(&self.state, event, also))
    }

    /// What its events are about.
    pub(super) fn of(&self) -> &DeploymentRef {
        &self.of
    }

    /// Reports an event of it to the progress sink.
    pub(super) fn notice(&self, progress: Progress) {
        self.engine.notice(&self.of, progress);
    }

    /// Keeps a line in the deployment's log, and shows it.
    pub(super) fn log(&self, level: Level, message: &str) {
        let id = self.with(|state| state.id.clone());
        blocking(|| self.engine.journal.log(&id, "windlass", level, message));
        self.notice(Progress::Log { source: "windlass".to_owned(), level, message: message.to_owned() });
    }

    /// Says at the end that something went wrong which changed nothing about the outcome.
    pub(super) fn warn(&self, warning: String) {
        self.log(Level::Warn, &warning);
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    /// The failure that the deployment goes back with after a request to stop, which is then in the journal.
    pub(super) fn stopped(&self) -> Result<Option<BackendError>, windlass_journal::Error> {
        if let Some(allowed) = self.time_is_up.get() {
            return Ok(Some(BackendError::out_of_time(*allowed)));
        }
        if self.stop.asked() && self.with(|state| state.cancelled.is_none() && !state.status.is_decided()) {
            self.write(&Event::Cancelled { by: "a signal".to_owned() })?;
        }
        let by = self.with(|state| state.cancelled.clone());
        Ok(by.map(|by| BackendError::cancelled(format!("stopped by {by}"))))
    }

    /// The token that is cancelled when a user or a signal asks to stop, or when the time is up.
    pub(super) fn halt(&self) -> &CancellationToken {
        &self.halt
    }

    /// Halts the way forward when the time that the release file allows is up. Never ends by itself.
    pub(super) async fn keep_time(&self) {
        let allowed = *self.allowed.wait().await;
        tokio::time::sleep_until(self.began + allowed).await;
        if matches!(self.status(), Status::Planning | Status::Checking | Status::Applying | Status::Verifying) {
            let _ = self.time_is_up.set(allowed);
            self.halt.cancel();
        }
        std::future::pending::<()>().await;
    }

    /// The settings of the release's file.
    pub(super) async fn settings(&self) -> Result<Arc<DeploymentSettings>, BackendError> {
        let Some(release) = self.with(|state| state.release.clone()) else {
            return Err(BackendError::internal("there is no release yet"));
        };
        let settings =
            self.settings.get_or_try_init(|| async { self.engine.backend.settings(&release).await.map(Arc::new) });
        let settings = settings.await.cloned()?;
        let _ = self.allowed.set(settings.deadline);
        Ok(settings)
    }

    /// What calls of plugins on the way forward get.
    pub(super) async fn subject(&self) -> Result<Subject<'a>, BackendError> {
        let settings = self.settings().await?;
        let state = self.state();
        let Some(release) = state.release else { return Err(BackendError::internal("there is no release yet")) };
        let about = CallContext {
            deployment: state.id,
            application: state.instance.to_string(),
            environment: self.engine.environment.clone(),
            purpose: purpose(state.asked.purpose),
            release,
            running: self.previous.clone(),
            plan: state.plan,
            unbound: state.asked.unbound,
        };
        Ok(Subject {
            engine: self.engine,
            instance: state.instance,
            about: Arc::new(about),
            settings,
            cancelled: self.halt.clone(),
        })
    }

    /// The plan; there is one once a step runs.
    pub(super) fn plan(&self) -> Result<Arc<Plan>, BackendError> {
        self.with(|state| state.plan.clone()).ok_or_else(|| BackendError::internal("there is no plan yet"))
    }

    /// Shows that a phase began, and that it ended when the guard goes.
    pub(super) fn phase(&self, phase: FlowPhase) -> PhaseGuard<'a> {
        self.notice(Progress::PhaseStarted { phase });
        PhaseGuard { engine: self.engine, of: self.of.clone(), phase, began: Instant::now() }
    }

    /// Decides how it ended. Recorders are in the outbox from here on, what runs and what is refused is known.
    /// `seen` is what runs now, where it was looked at.
    pub(super) async fn settle(
        &self,
        outcome: Outcome,
        failure: Option<BackendError>,
        seen: Option<Observation>,
    ) -> Result<(), Error> {
        let left_behind = if outcome == Outcome::Stuck { self.left_behind() } else { Vec::new() };
        let failed = matches!(outcome, Outcome::RolledBack | Outcome::Stuck);
        let blames_release = failed.then(|| self.with(DeploymentState::release_is_to_blame));
        let kept = outcome == Outcome::Unchanged && self.is_what_runs();
        let failure = failure.map(Failure::from);
        let event = Event::Settled { outcome, failure, left_behind, blames_release, observation: seen, kept };
        let mut also = WithLine::default();
        let mut after = self.state();
        after.add(Timestamp::UNIX_EPOCH, &event).map_err(windlass_journal::Error::from)?;
        // Without a release, the agent does not know which recorders to inform.
        if after.release.is_some() {
            match self.settings().await {
                Ok(settings) => {
                    let recorders: BTreeSet<&String> = settings.recorders.iter().collect();
                    also.deliveries = recorders
                        .into_iter()
                        .map(|recorder| {
                            let key = format!("{}/{recorder}/{}", after.id, outcome_word(outcome));
                            (recorder.clone(), event_of(&after, self.previous.as_deref(), &self.engine.host, key))
                        })
                        .collect();
                }
                Err(failure) => {
                    self.warn(format!("no recorder can be told about this deployment: {}", failure.message()));
                }
            }
        }
        self.write_also(&event, &also)?;
        self.notice(Progress::Settled { outcome, took: Some(self.began.elapsed()) });
        Ok(())
    }

    /// What undo did not take back, for people.
    fn left_behind(&self) -> Vec<String> {
        self.with(|state| {
            state.to_undo().into_iter().filter(|step| step.changes).map(|step| step.title.clone()).collect()
        })
    }

    /// Nothing is left to do.
    pub(super) fn close(&self) -> Result<(), Error> {
        if self.status().is_open() {
            self.write(&Event::Closed)?;
        }
        let outcome = self.with(DeploymentState::outcome).unwrap_or(Outcome::Refused);
        self.notice(Progress::Finished { outcome, took: self.began.elapsed() });
        Ok(())
    }

    /// How it ended, for the caller.
    pub(super) fn ending(&self) -> Ending {
        let state = self.state();
        let back = target::earlier(self.engine, &state.instance, None).ok();
        Ending {
            outcome: state.outcome().unwrap_or(Outcome::Refused),
            previous: self.previous.clone(),
            undelivered: self.engine.journal.undelivered(&state.instance).unwrap_or_default(),
            deliveries: self.engine.journal.deliveries(&state.id).unwrap_or_default(),
            warnings: self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            took: self.began.elapsed(),
            shared_labels: self.shared_labels(&state, back.as_ref()),
            back,
            state,
        }
    }

    /// Labels that do not say which release is meant.
    fn shared_labels(&self, state: &DeploymentState, back: Option<&Summary>) -> BTreeSet<String> {
        let labels = self.previous.iter().chain(&state.release).map(|release| release.version.clone());
        let before = back.and_then(|back| back.version.clone());
        let shared = |label: &String| self.engine.journal.shares_label(&state.instance, label).unwrap_or(false);
        labels.chain(before).filter(shared).collect()
    }

    /// The error for a deployment that is left open. A request to stop is written to the journal where possible, so
    /// that the process that resumes the deployment puts back what was touched.
    pub(super) fn interrupted(&self) -> Error {
        if let Err(error) = self.stopped() {
            tracing::warn!(%error, "the wish to stop is not in the journal");
        }
        self.with(|state| Error::Interrupted {
            application: state.instance.to_string(),
            deployment: state.id.clone(),
            status: state.status,
        })
    }

    /// Where a step is.
    pub(super) fn step_status(&self, id: &str) -> StepStatus {
        self.with(|state| state.step_status(id))
    }

    /// Steps of the plan that are begun then.
    pub(super) fn steps(&self, when: When) -> Vec<Step> {
        let steps = |state: &DeploymentState| {
            state.plan.iter().flat_map(|plan| &plan.steps).filter(|step| step.when() == when).cloned().collect()
        };
        self.with(steps)
    }
}

/// This process, as the owner of a deployment.
pub(super) fn owner(by: &Principal) -> Owner {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Owner {
        actor: by.into(),
        pid: std::process::id(),
        boot: boot.trim().to_owned(),
        agent: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Shows the end of a phase when it goes.
pub(super) struct PhaseGuard<'a> {
    engine: &'a Engine,
    of: DeploymentRef,
    phase: FlowPhase,
    began: Instant,
}

impl Drop for PhaseGuard<'_> {
    fn drop(&mut self) {
        self.engine.notice(&self.of, Progress::PhaseFinished { phase: self.phase, took: self.began.elapsed() });
    }
}
