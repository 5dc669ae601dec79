//! What happens during a deployment, as facts.

use schemars::JsonSchema;
use serde::Serialize;
use windlass_documents::{Failure, Outcome, Plan, Release, Report};

use super::milliseconds;
use crate::progress::{FlowPhase, Level, Progress};

/// Something that happened just now.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum ProgressFact {
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
    /// A phase began.
    PhaseStarted {
        /// `resolve`, `plan`, `check`, `apply`, `verify`, `sweep`, `record` or `undo`.
        phase: &'static str,
    },
    /// A phase ended.
    PhaseFinished {
        /// As in `phase-started`.
        phase: &'static str,
        /// How long it took, in milliseconds.
        took: u64,
    },
    /// Tags became digests.
    Resolved {
        /// The release. Schema: `release`.
        release: Box<Release>,
    },
    /// There is a plan.
    Planned {
        /// The plan. Schema: `plan`.
        plan: Box<Plan>,
    },
    /// A check, the verification or a smoke test began.
    ProbeStarted {
        /// Its name in the release file; `health` for the strategy's verification.
        name: String,
    },
    /// It said `pending`, or failed for a reason that may pass, and is asked again.
    ProbePending {
        /// Its name.
        name: String,
        /// What it waits for, or why there was no answer.
        summary: String,
    },
    /// It answered, or broke.
    ProbeFinished {
        /// Its name.
        name: String,
        /// Its answer. Schema: `report`.
        #[serde(skip_serializing_if = "Option::is_none")]
        report: Option<Report>,
        /// Why there is none.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
        /// How long it took, in milliseconds.
        took: u64,
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
        /// How long it took, in milliseconds.
        took: u64,
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
        #[serde(skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
        /// How long it took, in milliseconds.
        took: u64,
    },
    /// A recorder cannot be told about a deployment, now and later. A person has to look; it is told about later ones
    /// without it.
    SetAside {
        /// Its number in the outbox, for `outbox drop` and `outbox retry`.
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
        #[serde(skip_serializing_if = "Option::is_none")]
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
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What to do about it, where that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
        /// When the first one is tried again, RFC 3339: by the next deployment after it.
        due: String,
    },
    /// A plugin or the host says what it is doing.
    Doing {
        /// The step or plugin that says it.
        source: String,
        /// What.
        message: String,
        /// 0 to 100, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        percent: Option<u8>,
    },
    /// A line of a log. Below `warn` only with `--verbose`.
    Log {
        /// Who wrote it.
        source: String,
        /// `debug`, `info`, `warn` or `error`.
        level: &'static str,
        /// The line.
        message: String,
    },
    /// It is decided how it ended. What follows changes nothing about it: the old version ends, what it left is removed, and
    /// recorders are told.
    Settled {
        /// How.
        outcome: Outcome,
        /// How long it took until then, in milliseconds; none when an earlier process got that far.
        #[serde(skip_serializing_if = "Option::is_none")]
        took: Option<u64>,
    },
    /// The end.
    Finished {
        /// How.
        outcome: Outcome,
        /// How long the whole took, in milliseconds.
        took: u64,
    },
}

impl From<&Progress> for ProgressFact {
    fn from(progress: &Progress) -> Self {
        match progress.clone() {
            Progress::Opened { deployment, application, environment, resumed } => {
                Self::Opened { deployment, application, environment, resumed }
            }
            Progress::Waiting { holder } => Self::Waiting { holder },
            Progress::PhaseStarted(phase) => Self::PhaseStarted { phase: phase.word() },
            Progress::PhaseFinished(phase, took) => {
                Self::PhaseFinished { phase: FlowPhase::word(phase), took: milliseconds(took) }
            }
            Progress::Resolved(release) => Self::Resolved { release: Box::new((*release).clone()) },
            Progress::Planned(plan) => Self::Planned { plan: Box::new((*plan).clone()) },
            Progress::ProbeStarted { name } => Self::ProbeStarted { name },
            Progress::ProbePending { name, summary } => Self::ProbePending { name, summary },
            Progress::ProbeFinished { name, answer, took } => {
                let (report, failure) = match answer {
                    Ok(report) => (Some(report), None),
                    Err(failure) => (None, Some(failure)),
                };
                Self::ProbeFinished { name, report, failure, took: milliseconds(took) }
            }
            Progress::StepStarted { step, title } => Self::StepStarted { step, title },
            Progress::StepFinished { step, took } => Self::StepFinished { step, took: milliseconds(took) },
            Progress::StepFailed { step, failure } => Self::StepFailed { step, failure },
            Progress::Unwinding { cause } => Self::Unwinding { cause },
            Progress::UndoStarted { step, title } => Self::UndoStarted { step, title },
            Progress::UndoFinished { step } => Self::UndoFinished { step },
            Progress::UndoFailed { step, failure } => Self::UndoFailed { step, failure },
            Progress::TellingStarted { recorder, deployment } => Self::TellingStarted { recorder, deployment },
            Progress::TellingFinished { recorder, told, summary, took } => {
                Self::TellingFinished { recorder, told, summary, took: milliseconds(took) }
            }
            Progress::SetAside { number, recorder, deployment, version, reason, hint } => {
                Self::SetAside { number, recorder, deployment, version, reason, hint }
            }
            Progress::RecordsWait { recorder, count, since, reason, hint, due } => {
                Self::RecordsWait { recorder, count, since, reason, hint, due: due.to_string() }
            }
            Progress::Doing { source, message, percent } => Self::Doing { source, message, percent },
            Progress::Log { source, level, message } => Self::Log { source, level: word(level), message },
            Progress::Settled { outcome, took } => Self::Settled { outcome, took: took.map(milliseconds) },
            Progress::Finished { outcome, took } => Self::Finished { outcome, took: milliseconds(took) },
        }
    }
}

/// The level's word.
fn word(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}
