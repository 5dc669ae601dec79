//! Progress of a deployment while it runs, sent to a progress sink.
//!
//! The flow and the sandbox report it, `windlass_report` shows it, and `--json` prints it unchanged. Progress is never
//! the record: the record is the journal.
//!
//! Growth: events and fields may be added; none is removed, renamed or given another meaning within a major version.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use windlass_domain::{Failure, Outcome, Plan, Release, Report};

/// What an event is about. It tells apart the progress of deployments that run at the same time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DeploymentRef {
    /// The application's name.
    pub application: String,
    /// The deployment's id; left out where there is none: `plan`, `check`, and before one is opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
}

/// Something that happened just now, and to what.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ProgressEvent {
    /// The deployment and the application that it is about.
    pub of: DeploymentRef,
    /// What happened.
    #[serde(flatten)]
    pub progress: Progress,
}

/// Something that happened just now. Texts are redacted by who tells.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
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
    PhaseStarted {
        /// Which.
        phase: FlowPhase,
    },
    /// A phase of the flow ended.
    PhaseFinished {
        /// Which.
        phase: FlowPhase,
        /// How long it took, in milliseconds.
        #[serde(with = "milliseconds")]
        #[schemars(with = "u64")]
        took: Duration,
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
    /// It answered, or broke.
    ProbeFinished {
        /// Its name.
        name: String,
        /// Its answer. Schema: `report`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        report: Option<Report>,
        /// Why there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
        /// How long it took, in milliseconds.
        #[serde(with = "milliseconds")]
        #[schemars(with = "u64")]
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
        /// How long it took, in milliseconds.
        #[serde(with = "milliseconds")]
        #[schemars(with = "u64")]
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        summary: Option<String>,
        /// How long it took, in milliseconds.
        #[serde(with = "milliseconds")]
        #[schemars(with = "u64")]
        took: Duration,
    },
    /// A recorder cannot be told about a deployment, now and later: a person has to look, and it is told about later ones
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What to do about it, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
        /// When the first one is tried again, RFC 3339: by the next deployment after it.
        #[schemars(with = "String")]
        due: Timestamp,
    },
    /// A plugin or the host says what it is doing.
    Doing {
        /// The step or plugin that says it.
        source: String,
        /// What.
        message: String,
        /// 0 to 100, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        percent: Option<u8>,
    },
    /// A line of a plugin's or the host's log. `--json` has those below `warn` only with `--verbose`.
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
        /// How long it took until then, in milliseconds; left out when an earlier process got that far.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_milliseconds")]
        #[schemars(with = "Option<u64>")]
        took: Option<Duration>,
    },
    /// The end.
    Finished {
        /// How.
        outcome: Outcome,
        /// How long the whole took, in milliseconds.
        #[serde(with = "milliseconds")]
        #[schemars(with = "u64")]
        took: Duration,
    },
}

impl Progress {
    /// The end of a check, the verification or a smoke test.
    #[must_use]
    pub fn probe_finished(name: &str, answer: Result<Report, Failure>, took: Duration) -> Self {
        let (report, failure) = match answer {
            Ok(report) => (Some(report), None),
            Err(failure) => (None, Some(failure)),
        };
        Self::ProbeFinished { name: name.to_owned(), report, failure, took }
    }
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// For debugging.
    Debug,
    /// For information.
    Info,
    /// An operator should look at it.
    Warn,
    /// Something broke.
    Error,
}

/// The phases of the flow, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
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

/// Takes what happens in all deployments of a process.
pub trait Events: Send + Sync {
    /// Called for everything that happens, from any thread; must not block.
    fn event(&self, event: ProgressEvent);
}

/// Takes what happens in one deployment.
pub trait Watch: Send + Sync {
    /// Called for everything that happens, from any thread; must not block.
    fn notice(&self, progress: &Progress);
}

/// Marks what happens in one deployment as its own.
#[derive(Clone)]
pub struct Marked {
    /// The deployment.
    pub of: DeploymentRef,
    /// Who takes the events of all.
    pub events: Arc<dyn Events>,
}

impl Watch for Marked {
    fn notice(&self, progress: &Progress) {
        self.events.event(ProgressEvent { of: self.of.clone(), progress: progress.clone() });
    }
}

/// Takes what happens, and shows it to none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn notice(&self, _: &Progress) {}
}

impl Events for Unwatched {
    fn event(&self, _: ProgressEvent) {}
}

/// Durations as whole milliseconds.
mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

/// Durations that may be missing, as whole milliseconds.
mod optional_milliseconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde gives what is in the field")]
    pub(super) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => super::milliseconds::serialize(duration, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use windlass_domain::Verdict;

    use super::*;

    fn sent(progress: Progress) -> (String, ProgressEvent) {
        let of = DeploymentRef { application: "kudos".to_owned(), deployment: Some("4f0c9t2m1k8z".to_owned()) };
        let text = serde_json::to_string(&ProgressEvent { of, progress }).unwrap();
        let read = serde_json::from_str(&text).unwrap();
        (text, read)
    }

    #[test]
    fn an_event_says_what_it_is_about_and_is_read_as_it_was_sent() {
        let took = Duration::from_millis(1_250);
        let failure =
            Failure { code: "timeout".to_owned(), message: "late".to_owned(), retryable: true, details: None };
        let report = Report { verdict: Verdict::Pass, summary: "well".to_owned(), findings: Vec::new(), data: None };
        for (progress, expected) in [
            (Progress::PhaseStarted { phase: FlowPhase::Apply }, r#""event":"phase-started","phase":"apply""#),
            (
                Progress::PhaseFinished { phase: FlowPhase::Sweep, took },
                r#""event":"phase-finished","phase":"sweep","took":1250"#,
            ),
            (
                Progress::probe_finished("host", Ok(report), took),
                r#""event":"probe-finished","name":"host","report":{"verdict":"pass","summary":"well","findings":[]},"took":1250"#,
            ),
            (
                Progress::probe_finished("host", Err(failure), took),
                r#""event":"probe-finished","name":"host","failure":{"code":"timeout","message":"late","retryable":true},"took":1250"#,
            ),
            (
                Progress::Settled { outcome: Outcome::Succeeded, took: None },
                r#""event":"settled","outcome":"succeeded""#,
            ),
            (
                Progress::TellingStarted { recorder: "chat".to_owned(), deployment: "earlier".to_owned() },
                r#""event":"telling-started","recorder":"chat","deployment":"earlier""#,
            ),
            (
                Progress::Log { source: "web".to_owned(), level: Level::Warn, message: "slow".to_owned() },
                r#""event":"log","source":"web","level":"warn","message":"slow""#,
            ),
        ] {
            let (text, read) = sent(progress.clone());
            let of = r#""of":{"application":"kudos","deployment":"4f0c9t2m1k8z"}"#;
            assert_eq!(text, format!("{{{of},{expected}}}"));
            assert_eq!(format!("{:?}", read.progress), format!("{progress:?}"));
        }
    }
}
