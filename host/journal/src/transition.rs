//! The two transition tables: what may happen to a deployment, and what may happen to a step.
//!
//! They are used for writing, for recovery and for showing the status. There is no I/O here.

use windlass_domain::Outcome;

use super::format::{Event, Resolution};

/// An event that cannot follow on a status: a mistake in the agent, or a journal that was tampered with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{event}` cannot happen to {what} that is {status}")]
pub struct Illegal {
    /// The event's kind.
    pub event: &'static str,
    /// `a deployment`, or the step's id.
    pub what: String,
    /// The status, as a word.
    pub status: &'static str,
}

/// Where a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Asked for; its release isn't known yet.
    Resolving,
    /// The release is known; there is no plan yet.
    Planning,
    /// There is a plan; the gates are asked. Nothing was touched.
    Checking,
    /// Steps are applied.
    Applying,
    /// All steps are true and the proof runs.
    Verifying,
    /// Steps are undone.
    Unwinding,
    /// Its outcome is decided; leftovers are removed and events are delivered to recorders.
    Settled(Outcome),
    /// Undo failed: waits for a person.
    Stuck,
    /// Nothing is left to do.
    Closed(Outcome),
}

impl Status {
    /// The word in the journal's tables and for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Resolving => "resolving",
            Self::Planning => "planning",
            Self::Checking => "checking",
            Self::Applying => "applying",
            Self::Verifying => "verifying",
            Self::Unwinding => "unwinding",
            Self::Settled(_) => "settled",
            Self::Stuck => "stuck",
            Self::Closed(_) => "closed",
        }
    }

    /// Whether the outcome is decided; a request to stop has no effect then.
    #[must_use]
    pub fn is_decided(self) -> bool {
        matches!(self, Self::Settled(_) | Self::Stuck | Self::Closed(_))
    }

    /// Whether the flow still has something to do.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Stuck | Self::Closed(_))
    }
}

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// Not started.
    Waiting,
    /// Started, and not known to have ended.
    Running,
    /// True.
    Done,
    /// Failed finally.
    Failed,
    /// Its undo started.
    Undoing,
    /// Undone.
    Undone,
    /// Its undo failed.
    UndoFailed,
}

impl StepStatus {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::UndoFailed => "undo-failed",
        }
    }
}

#[expect(clippy::match_same_arms, reason = "one arm for each thing that may happen reads as the table that it is")]
/// The status of a deployment after an event. `None` is a deployment that isn't there yet.
pub fn next(status: Option<Status>, event: &Event) -> Result<Status, Illegal> {
    let illegal = |status: Option<Status>| Illegal {
        event: event.kind(),
        what: "a deployment".to_owned(),
        status: status.map_or("not there", Status::word),
    };
    let Some(current) = status else {
        return if matches!(event, Event::Opened { .. }) { Ok(Status::Resolving) } else { Err(illegal(None)) };
    };
    match (current, event) {
        (Status::Resolving, Event::Resolved { .. }) => Ok(Status::Planning),
        (Status::Planning, Event::Planned { .. }) => Ok(Status::Checking),
        (Status::Checking, Event::Checked { .. }) => Ok(Status::Checking),
        // Nothing is to be changed, and another release is proved by what runs.
        (Status::Checking, Event::Proved { .. }) => Ok(Status::Checking),
        // What runs changed before the first step.
        (Status::Checking, Event::Planned { .. }) => Ok(Status::Checking),
        (Status::Checking, Event::Applying) => Ok(Status::Applying),
        (
            Status::Resolving | Status::Planning | Status::Checking,
            Event::Settled { outcome: outcome @ (Outcome::Refused | Outcome::Unchanged), .. },
        ) => Ok(Status::Settled(*outcome)),
        (Status::Applying, Event::StepStarted { .. } | Event::StepSucceeded { .. } | Event::StepFailed { .. }) => {
            Ok(Status::Applying)
        }
        (Status::Applying, Event::Verifying) => Ok(Status::Verifying),
        (Status::Verifying, Event::Proved { .. }) => Ok(Status::Verifying),
        // Steps that run during it: the old version ends.
        (Status::Verifying, Event::StepStarted { .. } | Event::StepSucceeded { .. } | Event::StepFailed { .. }) => {
            Ok(Status::Verifying)
        }
        (Status::Verifying, Event::Settled { outcome: Outcome::Succeeded, .. }) => {
            Ok(Status::Settled(Outcome::Succeeded))
        }
        (Status::Applying | Status::Verifying, Event::Unwinding { .. }) => Ok(Status::Unwinding),
        (
            Status::Unwinding,
            Event::UndoStarted { .. } | Event::UndoSucceeded { .. } | Event::UndoFailed { .. } | Event::Restored { .. },
        ) => Ok(Status::Unwinding),
        (Status::Unwinding, Event::Settled { outcome: outcome @ (Outcome::RolledBack | Outcome::Stuck), .. }) => {
            Ok(Status::Settled(*outcome))
        }
        // The sweep of a success, and what began during its verification.
        (
            Status::Settled(Outcome::Succeeded),
            Event::StepStarted { .. } | Event::StepSucceeded { .. } | Event::StepFailed { .. },
        ) => Ok(Status::Settled(Outcome::Succeeded)),
        (Status::Settled(Outcome::Stuck), Event::Closed) => Ok(Status::Stuck),
        (
            Status::Settled(
                outcome @ (Outcome::Succeeded | Outcome::Unchanged | Outcome::Refused | Outcome::RolledBack),
            ),
            Event::Closed,
        ) => Ok(Status::Closed(outcome)),
        (Status::Stuck, Event::Answered { resolution: Resolution::Accept, .. }) => Ok(Status::Closed(Outcome::Stuck)),
        (Status::Stuck, Event::Answered { resolution: Resolution::RetryUndo, .. }) => Ok(Status::Unwinding),
        // These lines record which process works on it or what was requested. They change no status.
        (
            Status::Resolving
            | Status::Planning
            | Status::Checking
            | Status::Applying
            | Status::Verifying
            | Status::Unwinding
            | Status::Settled(_),
            Event::Resumed { .. } | Event::Cancelled { .. },
        ) => Ok(current),
        (
            _,
            Event::Opened { .. }
            | Event::Resumed { .. }
            | Event::Cancelled { .. }
            | Event::Resolved { .. }
            | Event::Planned { .. }
            | Event::Checked { .. }
            | Event::Applying
            | Event::StepStarted { .. }
            | Event::StepSucceeded { .. }
            | Event::StepFailed { .. }
            | Event::Verifying
            | Event::Proved { .. }
            | Event::Unwinding { .. }
            | Event::UndoStarted { .. }
            | Event::UndoSucceeded { .. }
            | Event::UndoFailed { .. }
            | Event::Restored { .. }
            | Event::Settled { .. }
            | Event::Answered { .. }
            | Event::Closed,
        ) => Err(illegal(Some(current))),
    }
}

/// What an event says about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepEvent {
    /// It is about to be applied.
    Started,
    /// It is true.
    Succeeded,
    /// It failed finally.
    Failed,
    /// It is about to be undone.
    UndoStarted,
    /// It is undone.
    UndoSucceeded,
    /// It could not be undone.
    UndoFailed,
}

impl StepEvent {
    /// The step that a journal line is about, and what it says of it.
    #[must_use]
    pub fn of(event: &Event) -> Option<(&str, Self)> {
        match event {
            Event::StepStarted { step, .. } => Some((step, Self::Started)),
            Event::StepSucceeded { step, .. } => Some((step, Self::Succeeded)),
            Event::StepFailed { step, .. } => Some((step, Self::Failed)),
            Event::UndoStarted { step, .. } => Some((step, Self::UndoStarted)),
            Event::UndoSucceeded { step } => Some((step, Self::UndoSucceeded)),
            Event::UndoFailed { step, .. } => Some((step, Self::UndoFailed)),
            Event::Opened { .. }
            | Event::Resumed { .. }
            | Event::Cancelled { .. }
            | Event::Resolved { .. }
            | Event::Planned { .. }
            | Event::Checked { .. }
            | Event::Applying
            | Event::Verifying
            | Event::Proved { .. }
            | Event::Unwinding { .. }
            | Event::Restored { .. }
            | Event::Settled { .. }
            | Event::Answered { .. }
            | Event::Closed => None,
        }
    }
}

/// The status of a step after an event.
///
/// `Running` may start again: after a crash the step in flight is applied once more, and so is a transient failure.
/// Undo runs for every step that started, also one that failed half-way, and may be started again likewise.
pub fn next_step(step: &str, status: StepStatus, event: StepEvent) -> Result<StepStatus, Illegal> {
    match (status, event) {
        (StepStatus::Waiting | StepStatus::Running, StepEvent::Started) => Ok(StepStatus::Running),
        (StepStatus::Running, StepEvent::Succeeded) => Ok(StepStatus::Done),
        (StepStatus::Running, StepEvent::Failed) => Ok(StepStatus::Failed),
        (
            StepStatus::Running | StepStatus::Done | StepStatus::Failed | StepStatus::Undoing | StepStatus::UndoFailed,
            StepEvent::UndoStarted,
        ) => Ok(StepStatus::Undoing),
        (StepStatus::Undoing, StepEvent::UndoSucceeded) => Ok(StepStatus::Undone),
        (StepStatus::Undoing, StepEvent::UndoFailed) => Ok(StepStatus::UndoFailed),
        (
            StepStatus::Done | StepStatus::Failed | StepStatus::Undoing | StepStatus::Undone | StepStatus::UndoFailed,
            StepEvent::Started,
        )
        | (
            StepStatus::Waiting
            | StepStatus::Done
            | StepStatus::Failed
            | StepStatus::Undoing
            | StepStatus::Undone
            | StepStatus::UndoFailed,
            StepEvent::Succeeded | StepEvent::Failed,
        )
        | (StepStatus::Waiting | StepStatus::Undone, StepEvent::UndoStarted)
        | (
            StepStatus::Waiting
            | StepStatus::Running
            | StepStatus::Done
            | StepStatus::Failed
            | StepStatus::Undone
            | StepStatus::UndoFailed,
            StepEvent::UndoSucceeded | StepEvent::UndoFailed,
        ) => Err(Illegal {
            event: match event {
                StepEvent::Started => "step-started",
                StepEvent::Succeeded => "step-succeeded",
                StepEvent::Failed => "step-failed",
                StepEvent::UndoStarted => "undo-started",
                StepEvent::UndoSucceeded => "undo-succeeded",
                StepEvent::UndoFailed => "undo-failed",
            },
            what: format!("the step `{step}`"),
            status: status.word(),
        }),
    }
}
