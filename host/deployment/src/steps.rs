//! Execution of steps as a graph: a step runs when all that it needs is done, and several steps run at once.
//!
//! On the way to the release, the first failure or request to stop starts no new step, and running steps are waited
//! for. Neither of them holds up the steps that end the old version.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use windlass_domain::{Step, When};
use windlass_foundation::progress::{Level, Progress};
use windlass_journal::{Event, StepStatus};

use super::backend::BackendError;
use super::retry;
use super::subject::{Subject, within};
use super::work::{Deployment, Halt};

/// What ends on request mostly waits, and takes next to nothing meanwhile: more of it at a time than what begins, so that a
/// grace period is not waited for twice.
const MOST_ENDING: usize = 32;

/// How one step ended.
enum End {
    /// It is true.
    Done,
    /// It failed for good.
    Failed(BackendError),
    /// It was not started: its line could not be written.
    NotStarted(BackendError),
}

/// Runs what is left of the steps that are begun then. Where a failure is a warning, only what needs the failed step is
/// left out.
pub(super) async fn run(deployment: &Deployment<'_>, when: When) -> Result<(), Halt> {
    let all = deployment.steps(when);
    if all.is_empty() {
        return Ok(());
    }
    let subject = match deployment.subject().await {
        Ok(subject) if when == When::Apply => subject,
        // A step that ends something has to finish once it was started, whatever is decided meanwhile: the undo waits
        // for it and then starts the stopped part again. So its cancellation token is never set.
        Ok(subject) => Subject { cancelled: CancellationToken::new(), ..subject },
        // Nothing can be called, not even to go back: it stays open until the plugin can be.
        Err(failure) => return Err(Halt::Leave(super::Error::Failed(failure))),
    };
    let halt = subject.cancelled.clone();
    let most = if when == When::Apply { subject.settings.parallel.max(1) } else { MOST_ENDING };
    let mut graph = Graph::new(&all, |id| deployment.step_status(id));
    let mut cause = graph.failed.clone().and_then(|id| {
        let failure = deployment.with(|state| state.steps.get(&id).and_then(|step| step.failure.clone()));
        failure.filter(|_| when == When::Apply).map(BackendError::from)
    });
    let mut fatal: Option<windlass_journal::Error> = None;
    let mut running = FuturesUnordered::new();
    let grace = tokio::time::sleep(Duration::from_hours(365 * 24));
    let mut grace = pin!(grace);
    let mut stopping = false;
    loop {
        if !stopping && fatal.is_none() && halt.is_cancelled() {
            stopping = true;
            grace.as_mut().reset(Instant::now() + deployment.engine.retry_policy.stop_grace);
            match deployment.stopped() {
                Ok(stopped) => cause = cause.or(stopped),
                Err(error) => fatal = Some(error),
            }
        }
        while cause.is_none() && fatal.is_none() && !stopping && running.len() < most {
            let Some(step) = graph.next() else { break };
            running.push(one(deployment, &subject, step));
        }
        if running.is_empty() {
            break;
        }
        tokio::select! {
            Some((step, end)) = running.next() => match end {
                Ok(End::Done) => graph.done(&step.id),
                // A failure after a request to stop is not the cause.
                Ok(End::Failed(_) | End::NotStarted(_)) if halt.is_cancelled() => {}
                Ok(End::Failed(failure) | End::NotStarted(failure)) if when == When::Apply => {
                    let titled = failure.reworded(|message| format!("{}: {message}", step.title));
                    cause.get_or_insert(titled);
                }
                Ok(End::Failed(failure) | End::NotStarted(failure)) => {
                    deployment.warn(format!("{}: {}", step.title, failure.message()));
                }
                Err(error) => fatal = Some(error),
            },
            () = halt.cancelled(), if !stopping && !halt.is_cancelled() => {}
            // They cope with being left half-way: undo does.
            () = &mut grace, if stopping => break,
        }
    }
    match (fatal, cause) {
        (Some(error), _) => Err(error.into()),
        (None, Some(cause)) if when == When::Apply => Err(Halt::Unwind(cause)),
        (None, _) => Ok(()),
    }
}

/// One step, with its attempts.
async fn one<'s>(
    deployment: &Deployment<'_>,
    subject: &Subject<'_>,
    step: &'s Step,
) -> (&'s Step, Result<End, windlass_journal::Error>) {
    (step, attempts(deployment, subject, step).await)
}

async fn attempts(
    deployment: &Deployment<'_>,
    subject: &Subject<'_>,
    step: &Step,
) -> Result<End, windlass_journal::Error> {
    let engine = deployment.engine;
    let before = deployment.with(|state| state.steps.get(&step.id).map_or(0, |step| step.attempts));
    let mut attempt = before + 1;
    loop {
        let in_flight = deployment.stop.step().await;
        let announced = deployment.write(&Event::StepStarted { step: step.id.clone(), attempt });
        match announced {
            Ok(()) => {}
            // The reserve is free now, so going back can be written.
            Err(error @ windlass_journal::Error::DiskFull { .. })
                if deployment.step_status(&step.id) == StepStatus::Waiting =>
            {
                return Ok(End::NotStarted(BackendError::disk_full(&error)));
            }
            Err(error) => return Err(error),
        }
        deployment.notice(Progress::StepStarted { step: step.id.clone(), title: step.title.clone() });
        let began = Instant::now();
        match once(subject, step, attempt).await {
            Ok(output) => {
                deployment.write(&Event::StepSucceeded { step: step.id.clone(), output })?;
                deployment.notice(Progress::StepFinished { step: step.id.clone(), took: began.elapsed() });
                return Ok(End::Done);
            }
            Err(failure) => {
                let tries = attempt - before;
                if failure.is_retryable()
                    && tries < engine.retry_policy.apply_attempts
                    && !subject.cancelled.is_cancelled()
                {
                    deployment.log(Level::Warn, &format!("{}: {}; it is tried again", step.title, failure.message()));
                    drop(in_flight);
                    let pause = retry::doubled(engine.retry_policy.retry_delay, tries);
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = subject.cancelled.cancelled() => {}
                    }
                    attempt += 1;
                    continue;
                }
                deployment.write(&Event::StepFailed { step: step.id.clone(), failure: (&failure).into() })?;
                deployment.notice(Progress::StepFailed { step: step.id.clone(), failure: (&failure).into() });
                return Ok(End::Failed(failure));
            }
        }
    }
}

async fn once(subject: &Subject<'_>, step: &Step, attempt: u32) -> Result<Value, BackendError> {
    let context = subject.context(&step.id, attempt, deadline(subject, step));
    within(&context, &step.title, subject.engine.backend.apply(&context, step)).await
}

/// How long a call for a step may take.
pub(super) fn deadline(subject: &Subject<'_>, step: &Step) -> Duration {
    step.timeout_seconds.map_or(subject.settings.call_deadline, Duration::from_secs)
}

/// Which step may start next.
struct Graph<'s> {
    steps: BTreeMap<&'s str, &'s Step>,
    dependents: BTreeMap<&'s str, Vec<&'s str>>,
    waits: BTreeMap<&'s str, usize>,
    free: VecDeque<&'s str>,
    /// A step that failed finally in an earlier run.
    failed: Option<String>,
}

impl<'s> Graph<'s> {
    /// Steps that were in flight when a process ended come first: they are run again.
    fn new(all: &'s [Step], status: impl Fn(&str) -> StepStatus) -> Self {
        let mut graph = Self {
            steps: all.iter().map(|step| (step.id.as_str(), step)).collect(),
            dependents: BTreeMap::new(),
            waits: BTreeMap::new(),
            free: VecDeque::new(),
            failed: None,
        };
        let mut done = Vec::new();
        for step in all {
            // What is begun earlier is done.
            let needs: BTreeSet<&str> =
                step.needs.iter().map(String::as_str).filter(|need| graph.steps.contains_key(need)).collect();
            for need in &needs {
                graph.dependents.entry(need).or_default().push(&step.id);
            }
            match status(&step.id) {
                StepStatus::Waiting if needs.is_empty() => graph.free.push_back(&step.id),
                StepStatus::Waiting => {
                    graph.waits.insert(&step.id, needs.len());
                }
                StepStatus::Running => graph.free.push_front(&step.id),
                StepStatus::Done => done.push(step.id.as_str()),
                StepStatus::Failed => graph.failed = Some(step.id.clone()),
                StepStatus::Undoing | StepStatus::Undone | StepStatus::UndoFailed => {}
            }
        }
        for id in done {
            graph.done(id);
        }
        graph
    }

    fn next(&mut self) -> Option<&'s Step> {
        let id = self.free.pop_front()?;
        self.steps.get(id).copied()
    }

    fn done(&mut self, id: &str) {
        for dependent in self.dependents.get(id).cloned().unwrap_or_default() {
            if let Some(count) = self.waits.get_mut(dependent) {
                *count -= 1;
                if *count == 0 {
                    self.waits.remove(dependent);
                    self.free.push_back(dependent);
                }
            }
        }
    }
}
