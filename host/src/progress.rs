//! What happens right now, for whoever watches.
//!
//! The engine and the sandbox tell; `report` shows. Progress is never the record: that is the journal.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use windlass_documents::{Failure, Outcome, Plan, Release, Report};

/// Something that happened just now. Texts are redacted by who tells.
#[derive(Debug, Clone)]
pub enum Progress {
    /// A deployment was opened in the journal.
    Opened {
        /// The deployment's id.
        deployment: String,
        /// The application's name.
        application: String,
        /// The environment's name.
        environment: String,
        /// Whether it continues one that was interrupted.
        resumed: bool,
    },
    /// Another deployment holds the application; this one waits.
    Waiting {
        /// Who holds it and since when.
        holder: String,
    },
    /// A phase of the flow began.
    PhaseStarted(FlowPhase),
    /// A phase of the flow ended.
    PhaseFinished(FlowPhase, Duration),
    /// Tags became digests.
    Resolved(Arc<Release>),
    /// There is a plan.
    Planned(Arc<Plan>),
    /// A check, the verification or a smoke test began.
    ProbeStarted {
        /// Its name in the release file; `health` for the strategy's own verification.
        name: String,
    },
    /// It said `pending`, or failed for a reason that may pass, and is asked again.
    ProbePending {
        /// Its name.
        name: String,
        /// What it waits for, or why there was no answer.
        summary: String,
    },
    /// It answered.
    ProbeFinished {
        /// Its name.
        name: String,
        /// The answer; a failure when it broke.
        answer: Result<Report, Failure>,
        /// How long it took.
        took: Duration,
    },
    /// A step began.
    StepStarted {
        /// Its id in the plan.
        step: String,
        /// Its title.
        title: String,
    },
    /// A step succeeded.
    StepFinished {
        /// Its id.
        step: String,
        /// How long it took.
        took: Duration,
    },
    /// A step failed.
    StepFailed {
        /// Its id.
        step: String,
        /// Why.
        failure: Failure,
    },
    /// Steps are being undone.
    Unwinding {
        /// Why.
        cause: String,
    },
    /// A step is being undone.
    UndoStarted {
        /// Its id.
        step: String,
        /// Its title.
        title: String,
    },
    /// A step was undone.
    UndoFinished {
        /// Its id.
        step: String,
    },
    /// A step could not be undone.
    UndoFailed {
        /// Its id.
        step: String,
        /// Why.
        failure: Failure,
    },
    /// A recorder is being told how a deployment ended: this one, or an earlier one that it was not told yet.
    TellingStarted {
        /// Its name in the release file.
        recorder: String,
        /// The deployment's id.
        deployment: String,
    },
    /// It was told, or could not be: then a warning in the log says why.
    TellingFinished {
        /// Its name.
        recorder: String,
        /// Whether it was told.
        told: bool,
        /// What it says about it in one sentence, where it does.
        summary: Option<String>,
        /// How long it took.
        took: Duration,
    },
    /// A recorder cannot be told about a deployment, now and later: a person has to look, and it is told about later ones
    /// without it.
    SetAside {
        /// Its number in the outbox.
        number: i64,
        /// The recorder's name in the release file.
        recorder: String,
        /// The deployment's id.
        deployment: String,
        /// The label of its release.
        version: String,
        /// Why.
        reason: String,
        /// What to do about it, where that is known.
        hint: Option<String>,
    },
    /// Events wait for a recorder, in order.
    RecordsWait {
        /// The recorder's name in the release file.
        recorder: String,
        /// How many.
        count: usize,
        /// When the first of these deployments ended, RFC 3339.
        since: String,
        /// Why the first one could not be told, where it was tried.
        reason: Option<String>,
        /// What to do about it, where that is known.
        hint: Option<String>,
        /// When the first one is tried again.
        due: Timestamp,
    },
    /// A plugin or the host says what it is doing.
    Doing {
        /// The step or plugin that says it.
        source: String,
        /// What.
        message: String,
        /// 0 to 100, where it is known.
        percent: Option<u8>,
    },
    /// A line of a plugin's or the host's log.
    Log {
        /// Who wrote it.
        source: String,
        /// How much it matters.
        level: Level,
        /// The line.
        message: String,
    },
    /// It is decided how it ended. What follows changes nothing about it: the old version ends, what it left is removed, and
    /// recorders are told.
    Settled {
        /// How.
        outcome: Outcome,
        /// How long it took until then; none when an earlier process got that far.
        took: Option<Duration>,
    },
    /// The end.
    Finished {
        /// How.
        outcome: Outcome,
        /// How long the whole took.
        took: Duration,
    },
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For debugging.
    Debug,
    /// For information.
    Info,
    /// Someone should look.
    Warn,
    /// Something broke.
    Error,
}

/// The phases of the flow, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlowPhase {
    /// Tags become digests.
    Resolve,
    /// The strategy plans.
    Plan,
    /// The gates.
    Check,
    /// Steps are applied.
    Apply,
    /// Health and smoke tests.
    Verify,
    /// The old version has ended, and what it leaves behind is removed.
    Sweep,
    /// Recorders are told.
    Record,
    /// Steps are undone.
    Undo,
}

impl FlowPhase {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Plan => "plan",
            Self::Check => "check",
            Self::Apply => "apply",
            Self::Verify => "verify",
            Self::Record => "record",
            Self::Sweep => "sweep",
            Self::Undo => "undo",
        }
    }
}

/// Someone who watches.
pub trait Watch: Send + Sync {
    /// Called for everything that happens, from any thread; must not block.
    fn notice(&self, progress: &Progress);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn notice(&self, _: &Progress) {}
}
