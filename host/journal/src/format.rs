//! What the journal stores, and its versions.
//!
//! The types here are the file format: a field is added with a default, never removed or given another meaning, and
//! a change that an older agent would misread raises [`JOURNAL_FORMAT`]. There is no behaviour here and no SQL.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use windlass_domain::{Failure, Observation, Outcome, Plan, Release, Report};

use windlass_foundation::names::Instance;

pub use super::actor::{Actor, Owner};
pub use super::notice::{Concern, Notice};

/// The version of the whole journal: tables and events. An agent refuses a journal with a higher number.
pub const JOURNAL_FORMAT: u32 = 5;

/// Why a deployment is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// To run the release that was asked for.
    Deploy,
    /// To run a release that ran here before.
    Rollback,
}

impl Purpose {
    /// The word for plugins and people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
        }
    }
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asked {
    /// Why.
    pub purpose: Purpose,
    /// Where the release came from: an absolute directory, `plan`, `release:` and where a document was, or the id of
    /// the deployment whose release it is. [`Asked::origin`] has the kind; the words are for earlier agents.
    pub source: String,
    /// The kind of `source`. None in lines of earlier agents, where only the words of `source` say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// `--set NAME=VERSION`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// `--commit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// `--defaults`: what was not set is what the file says, and not what ran.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub defaults: bool,
    /// `--reason`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `--break-glass REASON`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<String>,
    /// `--retry`: a release that failed here is tried again.
    #[serde(default)]
    pub retry: bool,
    /// The deployment whose release it is, for a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The lines for agent.toml that would bind the application to the place that the release comes from. Set where the
    /// operator wrote no binding for the application: then grants to it by name were not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unbound: Option<String>,
}

/// What the source of a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The directory of a release file.
    Directory,
    /// A plan in a file.
    Plan,
    /// A release that was made before, here or elsewhere.
    Release,
    /// A deployment of this host, whose release it is.
    Deployment,
}

/// The source of a deployment that executes a plan in a file.
const PLAN_SOURCE: &str = "plan";

/// How the source of a release begins that was made before; where it came from follows.
const RELEASE_SOURCE: &str = "release:";

impl Origin {
    /// The source of something like that.
    #[must_use]
    pub fn source(self, of: &str) -> String {
        match self {
            Self::Directory | Self::Deployment => of.to_owned(),
            Self::Plan => PLAN_SOURCE.to_owned(),
            Self::Release => format!("{RELEASE_SOURCE}{of}"),
        }
    }
}

impl Asked {
    /// What the source is.
    #[must_use]
    pub fn origin(&self) -> Origin {
        // Lines of earlier agents say it in the words of the source. A directory is absolute there, so it equals none
        // of these words.
        self.origin.unwrap_or(match &self.of {
            _ if self.source == PLAN_SOURCE => Origin::Plan,
            Some(_) => Origin::Deployment,
            None if self.source.starts_with(RELEASE_SOURCE) => Origin::Release,
            None => Origin::Directory,
        })
    }

    /// Whether a plan was given, which is executed as it is or not at all.
    #[must_use]
    pub fn is_given_plan(&self) -> bool {
        self.origin() == Origin::Plan
    }

    /// The directory that the release is made from. None where it comes from elsewhere, and where a line of an earlier
    /// agent has a relative directory: the directory that it is relative to is not known.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        let path = Path::new(&self.source);
        (self.origin() == Origin::Directory && path.is_absolute()).then_some(path)
    }
}

/// What a check, the verification or a smoke test answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeResult {
    /// It looked, and says this.
    Report(Report),
    /// It broke, and so says nothing.
    Failure(Failure),
}

/// What policy makes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Go on.
    Passed,
    /// Go on, and say so.
    Warned,
    /// No.
    Refused,
    /// It would be a no, and `--break-glass` went over it.
    Overridden,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Event {
    /// A deployment was asked for.
    Opened {
        /// Its place in this host's history, from 1.
        number: u64,
        /// What is deployed: an application, or one under another name.
        #[serde(rename = "application")]
        instance: Instance,
        /// The environment's name.
        environment: String,
        /// What was asked for.
        asked: Asked,
        /// The process that works on it.
        owner: Owner,
        /// The deployment that made what runs now, as far as the journal knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<String>,
    },
    /// Another process continues it.
    Resumed {
        /// The process that works on it from now on.
        owner: Owner,
    },
    /// A user or a signal asked to stop.
    Cancelled {
        /// How: a signal, or who asked.
        by: String,
    },
    /// Tags became digests: this is what is deployed.
    Resolved {
        /// The release.
        release: Release,
    },
    /// The strategy planned; once more when what runs changed before the first step.
    Planned {
        /// What runs now.
        observation: Observation,
        /// The steps from there to the release.
        plan: Plan,
    },
    /// A gate answered.
    Checked {
        /// Its name in the release file, or `windlass:…` for the agent's own.
        name: String,
        /// What it said.
        answer: ProbeResult,
        /// What policy makes of it.
        #[serde(rename = "ruling")]
        decision: Decision,
    },
    /// The gates are passed; the first step may start.
    Applying,
    /// A step is about to be applied.
    StepStarted {
        /// Its id in the plan.
        step: String,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// A step is true.
    StepSucceeded {
        /// Its id.
        step: String,
        /// What `apply` returned.
        output: Value,
    },
    /// A step failed finally.
    StepFailed {
        /// Its id.
        step: String,
        /// Why.
        failure: Failure,
    },
    /// All steps are true; the proof begins.
    Verifying,
    /// The verification or a smoke test answered.
    Proved {
        /// `health`, or the smoke test's name in the release file.
        name: String,
        /// What it said.
        answer: ProbeResult,
        /// What policy makes of it.
        #[serde(rename = "ruling")]
        decision: Decision,
    },
    /// Steps are undone from here on, newest first.
    Unwinding {
        /// Why.
        cause: Failure,
    },
    /// A step is about to be undone.
    UndoStarted {
        /// Its id.
        step: String,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// A step is undone.
    UndoSucceeded {
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
    /// The earlier version was verified after everything was undone.
    Restored {
        /// What the strategy says about it.
        answer: ProbeResult,
    },
    /// The outcome of the deployment. From here on, events are delivered to recorders and leftovers are removed.
    Settled {
        /// How.
        outcome: Outcome,
        /// Why, unless it succeeded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
        /// Titles of the steps that started and are not undone, for `stuck`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_behind: Vec<String>,
        /// For `rolled-back` and `stuck`: whether the release itself is to blame, and so is refused from here on. Lines
        /// of earlier agents do not say it: there every failure counted except a request to stop and a full disk.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        blames_release: Option<bool>,
        /// What runs now, where it was looked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        observation: Option<Observation>,
        /// Whether the release ran already. Then the time since which it runs does not change.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        kept: bool,
    },
    /// A person answered for a stuck deployment.
    Answered {
        /// Who.
        #[serde(flatten)]
        actor: Actor,
        /// What they say.
        reason: String,
        /// What happens now.
        resolution: Resolution,
    },
    /// Nothing is left to do.
    Closed,
}

/// What becomes of a stuck deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// A person put things in order; the application may be deployed again.
    Accept,
    /// Undo what is not undone once more.
    RetryUndo,
}

impl Event {
    /// The word in the journal.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Resumed { .. } => "resumed",
            Self::Cancelled { .. } => "cancelled",
            Self::Resolved { .. } => "resolved",
            Self::Planned { .. } => "planned",
            Self::Checked { .. } => "checked",
            Self::Applying => "applying",
            Self::StepStarted { .. } => "step-started",
            Self::StepSucceeded { .. } => "step-succeeded",
            Self::StepFailed { .. } => "step-failed",
            Self::Verifying => "verifying",
            Self::Proved { .. } => "proved",
            Self::Unwinding { .. } => "unwinding",
            Self::UndoStarted { .. } => "undo-started",
            Self::UndoSucceeded { .. } => "undo-succeeded",
            Self::UndoFailed { .. } => "undo-failed",
            Self::Restored { .. } => "restored",
            Self::Settled { .. } => "settled",
            Self::Answered { .. } => "answered",
            Self::Closed => "closed",
        }
    }

    /// Whether the line announces something new, which must not begin when the disk is full. Every other line reports
    /// what has happened already, and may use the reserved space.
    #[must_use]
    pub fn announces(&self) -> bool {
        matches!(self, Self::Opened { .. } | Self::Applying | Self::StepStarted { .. } | Self::Planned { .. })
    }
}
