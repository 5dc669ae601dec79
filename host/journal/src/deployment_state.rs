//! What the journal's lines about one deployment add up to.
//!
//! The same value drives the flow, a recovery after a crash, and `show`. It is made by replaying lines through the
//! transition tables and in no other way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use windlass_domain::{Failure, Observation, Outcome, Part, Phase, Plan, Release, Step, Verdict};
use windlass_foundation::names::Instance;

use super::format::{Asked, Decision, Event, Owner, ProbeResult, Resolution};
use super::transition::{Illegal, Status, StepEvent, StepStatus, next, next_step};

/// The failure code of what ended because a user or a signal stopped it.
pub(super) const CANCELLED: &str = "cancelled";

/// How applying a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// It was true.
    Done,
    /// It failed finally.
    Failed,
    /// It was asked to stop.
    Stopped,
}

/// The state of one deployment, computed from its lines.
#[derive(Debug, Clone)]
pub struct DeploymentState {
    /// The deployment's id.
    pub id: String,
    /// Its place in this host's history.
    pub number: u64,
    /// What is deployed: an application, or one under another name.
    pub instance: Instance,
    /// The environment's name.
    pub environment: String,
    /// What was asked for.
    pub asked: Asked,
    /// The process that works on it, or did last.
    pub owner: Owner,
    /// The deployment that made what ran before.
    pub previous: Option<String>,
    /// Where it is.
    pub status: Status,
    /// How often another process took it over.
    pub resumed: u32,
    /// The source of the request to stop, when there was one: a signal, or the actor who asked.
    pub cancelled: Option<String>,
    /// What is deployed.
    pub release: Option<Arc<Release>>,
    /// What ran when it was planned.
    pub observation: Option<Arc<Observation>>,
    /// The steps.
    pub plan: Option<Arc<Plan>>,
    /// How often it was planned.
    pub planned_times: u32,
    /// What the gates said last, in the order of their first answers.
    pub checks: Vec<Answered>,
    /// What the verification and the smoke tests said last.
    pub proofs: Vec<Answered>,
    /// Steps that started.
    pub steps: BTreeMap<String, StepState>,
    /// Why it unwinds or unwound.
    pub cause: Option<Failure>,
    /// What was said about the earlier version after it was put back.
    pub restored: Option<ProbeResult>,
    /// What was seen to run when it was decided how it ended, where it was looked at.
    pub seen: Option<Arc<Observation>>,
    /// Whether the release ran already. Then the time since which it runs does not change.
    pub kept: bool,
    /// Whether a person asked to undo once more after it was stuck.
    pub retry_undo: bool,
    /// Why it ended as it did, unless it succeeded.
    pub failure: Option<Failure>,
    /// What undo left behind.
    pub left_behind: Vec<String>,
    /// Whether its line says that the release itself is to blame; none in lines of earlier agents, which do not say it.
    pub blames_release: Option<bool>,
    /// When it was asked for.
    pub started: Timestamp,
    /// When it was decided how it ended.
    pub finished: Option<Timestamp>,
}

/// An answer and what policy makes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// Who answered.
    pub name: String,
    /// What.
    pub answer: ProbeResult,
    /// What policy makes of it.
    pub decision: Decision,
}

/// One step that started.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// Where it is.
    pub status: StepStatus,
    /// Its place among the steps in the order in which they first started: undo goes the other way.
    pub order: usize,
    /// How often it was started.
    pub attempts: u32,
    /// What `apply` returned.
    pub output: Option<Value>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Why its undo failed.
    pub undo_failure: Option<Failure>,
    /// How long it was applied.
    pub applying: Spent,
    /// How long it was undone.
    pub undoing: Spent,
}

/// How long something was worked on, by the times of its lines. The time in which no process worked on it does not count,
/// and neither does one in which the clock was set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    since: Option<Timestamp>,
    before: Option<Duration>,
}

impl Spent {
    /// How long; none when it never ended while a process watched.
    #[must_use]
    pub fn took(&self) -> Option<Duration> {
        self.before.filter(|_| self.since.is_none())
    }

    fn begin(&mut self, time: Timestamp) {
        self.since.get_or_insert(time);
    }

    fn end(&mut self, time: Timestamp) {
        if let Some(since) = self.since.take() {
            let spent = Duration::try_from(time.duration_since(since)).unwrap_or_default();
            self.before = Some(self.before.unwrap_or_default() + spent);
        }
    }
}

impl DeploymentState {
    /// The state after the first line of a deployment.
    pub fn open(id: &str, time: Timestamp, event: &Event) -> Result<Self, Illegal> {
        let status = next(None, event)?;
        let Event::Opened { number, instance, environment, asked, owner, previous } = event else {
            return Err(Illegal { event: event.kind(), what: "a deployment".to_owned(), status: "not there" });
        };
        Ok(Self {
            id: id.to_owned(),
            number: *number,
            instance: instance.clone(),
            environment: environment.clone(),
            asked: asked.clone(),
            owner: owner.clone(),
            previous: previous.clone(),
            status,
            resumed: 0,
            cancelled: None,
            release: None,
            observation: None,
            plan: None,
            planned_times: 0,
            checks: Vec::new(),
            proofs: Vec::new(),
            steps: BTreeMap::new(),
            cause: None,
            restored: None,
            seen: None,
            kept: false,
            retry_undo: false,
            failure: None,
            left_behind: Vec::new(),
            blames_release: None,
            started: time,
            finished: None,
        })
    }

    /// What one more line makes of it, as far as the tables need to know: of its steps it has the line's own alone, so that a
    /// line costs the same however many there are. The one that settles it has all, because all are judged then.
    pub(super) fn followed_by(&mut self, time: Timestamp, event: &Event) -> Result<Self, Illegal> {
        let steps = std::mem::take(&mut self.steps);
        let mut after = self.clone();
        after.steps = match (event, StepEvent::of(event)) {
            (Event::Settled { .. }, _) => steps.clone(),
            (_, Some((id, _))) => steps.get(id).map(|step| (id.to_owned(), step.clone())).into_iter().collect(),
            (_, None) => BTreeMap::new(),
        };
        self.steps = steps;
        after.add(time, event)?;
        Ok(after)
    }

    /// Adds one line, or refuses it and leaves the state unchanged.
    pub fn add(&mut self, time: Timestamp, event: &Event) -> Result<(), Illegal> {
        let status = next(Some(self.status), event)?;
        if let Some((step, what)) = StepEvent::of(event) {
            self.add_step(time, step, what, event)?;
        }
        self.status = status;
        match event {
            Event::Resumed { owner } => {
                self.owner = owner.clone();
                self.resumed += 1;
                for step in self.steps.values_mut() {
                    (step.applying.since, step.undoing.since) = (None, None);
                }
            }
            Event::Cancelled { by } => self.cancelled = Some(by.clone()),
            Event::Resolved { release } => self.release = Some(Arc::new(release.clone())),
            Event::Planned { observation, plan } => {
                self.observation = Some(Arc::new(observation.clone()));
                self.plan = Some(Arc::new(plan.clone()));
                self.planned_times += 1;
                // They were about another plan.
                self.checks.clear();
            }
            Event::Checked { name, answer, decision } => put(&mut self.checks, name, answer, *decision),
            Event::Proved { name, answer, decision } => put(&mut self.proofs, name, answer, *decision),
            Event::Unwinding { cause } => self.cause = Some(cause.clone()),
            Event::Restored { answer } => self.restored = Some(answer.clone()),
            Event::Settled { failure, left_behind, blames_release, observation, kept, .. } => {
                self.blames_release = *blames_release;
                self.seen = observation.clone().map(Arc::new);
                self.kept = *kept;
                self.failure.clone_from(failure);
                self.left_behind.clone_from(left_behind);
                self.finished = Some(time);
            }
            Event::Answered { resolution, .. } => self.retry_undo = *resolution == Resolution::RetryUndo,
            Event::Opened { .. }
            | Event::Applying
            | Event::StepStarted { .. }
            | Event::StepSucceeded { .. }
            | Event::StepFailed { .. }
            | Event::Verifying
            | Event::UndoStarted { .. }
            | Event::UndoSucceeded { .. }
            | Event::UndoFailed { .. }
            | Event::Closed => {}
        }
        Ok(())
    }

    fn add_step(&mut self, time: Timestamp, id: &str, what: StepEvent, event: &Event) -> Result<(), Illegal> {
        let order = self.steps.len();
        let mut step = self.steps.get(id).cloned().unwrap_or(StepState {
            status: StepStatus::Waiting,
            order,
            attempts: 0,
            output: None,
            failure: None,
            undo_failure: None,
            applying: Spent::default(),
            undoing: Spent::default(),
        });
        step.status = next_step(id, step.status, what)?;
        match event {
            Event::StepStarted { .. } => {
                step.attempts += 1;
                step.applying.begin(time);
            }
            Event::StepSucceeded { output, .. } => {
                step.output = Some(output.clone());
                step.applying.end(time);
            }
            Event::StepFailed { failure, .. } => {
                step.failure = Some(failure.clone());
                step.applying.end(time);
            }
            Event::UndoStarted { .. } => {
                // It was left in the middle.
                step.applying.end(time);
                step.undoing.begin(time);
            }
            Event::UndoSucceeded { .. } => {
                step.undo_failure = None;
                step.undoing.end(time);
            }
            Event::UndoFailed { failure, .. } => {
                step.undo_failure = Some(failure.clone());
                step.undoing.end(time);
            }
            _ => {}
        }
        self.steps.insert(id.to_owned(), step);
        Ok(())
    }

    /// The outcome, once it is decided.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self.status {
            Status::Settled(outcome) | Status::Closed(outcome) => Some(outcome),
            Status::Stuck => Some(Outcome::Stuck),
            Status::Resolving
            | Status::Planning
            | Status::Checking
            | Status::Applying
            | Status::Verifying
            | Status::Unwinding => None,
        }
    }

    /// Whether the deployment ended because a user or a signal stopped it, and nothing failed: either nothing was
    /// touched, or what was touched was put back.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        matches!(self.outcome(), Some(Outcome::Refused | Outcome::RolledBack))
            && self.was_stopped(self.failure.as_ref())
    }

    /// How applying a step ended; none for one that was not started, that runs, or whose process ended in the middle.
    #[must_use]
    pub fn applied(&self, id: &str) -> Option<Applied> {
        let step = self.steps.get(id)?;
        match &step.failure {
            // A step that fails after a request to stop is not the reason for the undo.
            Some(failure) if failure.code == CANCELLED || self.was_stopped(self.cause.as_ref()) => {
                Some(Applied::Stopped)
            }
            Some(_) => Some(Applied::Failed),
            None if step.output.is_some() => Some(Applied::Done),
            None => None,
        }
    }

    /// Whether this is the failure of a deployment that a user or a signal stopped.
    fn was_stopped(&self, failure: Option<&Failure>) -> bool {
        self.cancelled.is_some() && failure.is_some_and(|failure| failure.code == CANCELLED)
    }

    /// Why its release is refused here from now on: it was tried, and failed by its own fault.
    #[must_use]
    pub fn quarantines(&self) -> Option<&Failure> {
        let failed = matches!(self.outcome(), Some(Outcome::RolledBack | Outcome::Stuck));
        self.failure.as_ref().filter(|failure| {
            let by_code = !matches!(failure.code.as_str(), CANCELLED | "disk-full");
            failed && self.blames_release.unwrap_or(by_code)
        })
    }

    /// Whether the agent saw a part of the application run when nothing new was left behind: after an undo, or when the
    /// deployment was refused. True where no observation was made.
    #[must_use]
    pub fn something_runs(&self) -> bool {
        self.last_seen().is_none_or(|seen| seen.parts.iter().any(Part::runs))
    }

    /// What is not as it should be about what runs after a deployment that changed nothing in the end, in one sentence.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        if !matches!(self.outcome(), Some(Outcome::Refused | Outcome::RolledBack)) {
            return None;
        }
        if let Some(ProbeResult::Report(report)) = &self.restored
            && !matches!(report.verdict, Verdict::Pass | Verdict::Warn)
        {
            return Some(report.summary.clone());
        }
        // What is not the application's own is in no release.
        let parts = self.last_seen()?.parts.iter().filter(|part| part.release.is_some());
        let ill: Vec<String> =
            parts.filter_map(|part| part.ill().map(|ill| format!("{} {ill}", part.instance))).collect();
        (!ill.is_empty()).then(|| ill.join("; "))
    }

    /// What was seen last: at the end, or, where nothing was touched, when it was planned.
    fn last_seen(&self) -> Option<&Observation> {
        let planned = self.observation.as_deref().filter(|_| self.outcome() == Some(Outcome::Refused));
        self.seen.as_deref().or(planned)
    }

    /// Where a step is.
    #[must_use]
    pub fn step_status(&self, id: &str) -> StepStatus {
        self.steps.get(id).map_or(StepStatus::Waiting, |step| step.status)
    }

    /// The plan's steps of a phase.
    #[must_use]
    pub fn planned(&self, phase: Phase) -> Vec<&Step> {
        self.plan.iter().flat_map(|plan| &plan.steps).filter(|step| step.phase == phase).collect()
    }

    /// Steps of the apply phase that started and are not undone, newest first.
    #[must_use]
    pub fn to_undo(&self) -> Vec<&Step> {
        let mut started: Vec<(usize, &Step)> = self
            .planned(Phase::Apply)
            .into_iter()
            .filter_map(|step| {
                let state = self.steps.get(&step.id)?;
                (state.status != StepStatus::Undone).then_some((state.order, step))
            })
            .collect();
        started.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
        started.into_iter().map(|(_, step)| step).collect()
    }
}

/// Keeps one answer for each name: the last one, at the place of the first.
fn put(answers: &mut Vec<Answered>, name: &str, answer: &ProbeResult, decision: Decision) {
    let answered = Answered { name: name.to_owned(), answer: answer.clone(), decision };
    match answers.iter_mut().find(|known| known.name == name) {
        Some(known) => *known = answered,
        None => answers.push(answered),
    }
}
