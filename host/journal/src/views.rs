//! What the journal answers with. Facts only: how they look is `windlass_report`'s business.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use windlass_domain::{Outcome, Release};
use windlass_foundation::names::Instance;
use windlass_foundation::progress::Level;

use super::deployment_state::DeploymentState;
use super::format::{Actor, Concern, Event, Purpose};

/// One line of the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place in the whole journal, from 1.
    pub sequence: u64,
    /// When it was written, by the wall clock.
    pub time: Timestamp,
    /// The deployment's id.
    pub deployment: String,
    /// What it says.
    pub event: Event,
    /// `sha256` over this line and the hash of the line before it, in hexadecimal.
    pub hash: String,
}

/// One row of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The deployment's id.
    pub id: String,
    /// Its place in this host's history.
    pub number: u64,
    /// What was deployed: an application, or one under another name.
    pub instance: Instance,
    /// The environment's name.
    pub environment: String,
    /// Deploy or rollback.
    pub purpose: Purpose,
    /// Who asked.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// Why the gates were passed over, when they were.
    pub break_glass: Option<String>,
    /// Where it is: a word of [`super::Status`].
    pub status: String,
    /// Whether the flow isn't at its end.
    pub open: bool,
    /// How it ended, once that is decided.
    pub outcome: Option<Outcome>,
    /// Whether it ended so because a user or a signal stopped it, and nothing failed.
    pub cancelled: bool,
    /// The release's id.
    pub release: Option<String>,
    /// The version label.
    pub version: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// Why it ended as it did.
    pub failure: Option<String>,
    /// The deployment that made what ran before.
    pub previous: Option<String>,
    /// When it was asked for.
    pub started: Timestamp,
    /// When its outcome was decided.
    pub finished: Option<Timestamp>,
}

/// How many deployments of one kind ended in one way for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What was deployed.
    pub instance: Instance,
    /// The environment's name.
    pub environment: String,
    /// How they ended.
    pub outcome: Outcome,
    /// How many.
    pub count: u64,
}

/// What runs, as the journal knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Running {
    /// The deployment that made it so.
    pub deployment: String,
    /// The release.
    pub release: Arc<Release>,
    /// Since when.
    pub since: Timestamp,
}

/// An application of this host.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// Which: the application itself, or the application under another name.
    pub instance: Instance,
    /// What runs; none before the first success.
    pub running: Option<Running>,
    /// The latest deployment, whatever came of it.
    pub latest: Summary,
    /// The holder; its process may have ended already, which only the lock shows.
    pub holder: Option<Holder>,
    /// How many events recorders have not received yet.
    pub undelivered: u64,
}

/// Who holds an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Who asked.
    pub actor: String,
    /// The process.
    pub pid: u32,
    /// The machine's boot.
    pub boot: String,
    /// Since when.
    pub since: Timestamp,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since = self.since.strftime("%Y-%m-%d %H:%M:%SZ");
        write!(formatter, "{} (process {}) since {since}", self.actor, self.pid)
    }
}

/// Everything about a deployment.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its row in the history.
    pub summary: Summary,
    /// What its lines add up to.
    pub state: DeploymentState,
    /// Its lines.
    pub entries: Vec<Entry>,
    /// The deliveries to recorders, those that are done and those that wait.
    pub deliveries: Vec<Delivery>,
}

/// An event for a recorder.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Its id in the outbox.
    pub id: i64,
    /// The recorder's name in the release file.
    pub recorder: String,
    /// The deployment.
    pub deployment: String,
    /// The event that the recorder receives; none once it was delivered.
    pub event: Option<windlass_domain::Event>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again.
    pub due: Timestamp,
    /// When it was delivered.
    pub delivered: Option<Timestamp>,
    /// What it answered.
    pub facts: Option<Value>,
    /// Why the last attempt failed, or which person gave it up and why.
    pub failure: Option<String>,
    /// Since when it is set aside; none while it waits, and once a person said something about it.
    pub aside: Option<Aside>,
}

impl Delivery {
    /// What the recorder says about it in one sentence, where it does.
    #[must_use]
    pub fn summary(&self) -> Option<&str> {
        summary_of(self.facts.as_ref())
    }
}

/// What a recorder says in its facts in one sentence, where it does.
#[must_use]
pub fn summary_of(facts: Option<&Value>) -> Option<&str> {
    facts?.get("summary")?.as_str().filter(|summary| !summary.is_empty())
}

/// An event that a recorder will never take, and that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub refusal: Refusal,
}

/// Why a recorder will never take an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The failure's code.
    pub code: String,
    /// Its message.
    pub reason: String,
    /// What to do about it, where the recorder says.
    pub hint: Option<String>,
}

/// The result of a request to deliver an event again that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requeued {
    /// It waits again.
    Waits {
        /// The application that it belongs to.
        instance: Instance,
    },
    /// Nothing of that number is set aside.
    NotSetAside,
    /// The recorder has received a later event in the meantime.
    Overtaken {
        /// The application that it belongs to.
        instance: Instance,
        /// The recorder.
        recorder: String,
        /// The last deployment whose event it received.
        later: String,
    },
}

/// Why a release is refused here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// The release's id.
    pub release: String,
    /// The version label.
    pub version: String,
    /// The deployment that failed; none when a person says so.
    pub deployment: Option<String>,
    /// The person who says so; none when a deployment failed.
    pub actor: Option<Actor>,
    /// What failed, or why they say so.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl std::fmt::Display for Quarantine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { version, reason, .. } = self;
        match (&self.deployment, &self.actor) {
            (Some(deployment), _) => {
                write!(formatter, "version {version} failed here in deployment {deployment}: {reason}")
            }
            (None, Some(actor)) => write!(formatter, "{actor} put version {version} into quarantine: {reason}"),
            (None, None) => write!(formatter, "version {version} is in quarantine: {reason}"),
        }
    }
}

/// What the agent found about what runs after its deployment had ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What found it.
    pub about: Concern,
    /// The deployment that made what runs.
    pub deployment: String,
    /// What it found, one sentence; none where it found that all is as it was deployed again.
    pub what: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// The only release of an application that may be deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The release's id.
    pub release: String,
    /// The version label.
    pub version: String,
    /// Who says so.
    pub actor: Actor,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// Why an environment is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// Who closed it.
    pub actor: Actor,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when; none means until an operator removes it.
    pub until: Option<Timestamp>,
}

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The deployment's id.
    pub deployment: String,
    /// When.
    pub time: Timestamp,
    /// Who wrote it.
    pub source: String,
    /// How much it matters.
    pub level: Level,
    /// The text, redacted.
    pub message: String,
}

/// A value of a plugin's own store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The value.
    pub value: Vec<u8>,
    /// Grows by one with every change.
    pub revision: u64,
}

/// Room that the values of a plugin for an application take, or may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Keys.
    pub keys: u64,
    /// Bytes of all keys and values.
    pub bytes: u64,
}

/// How storing a value ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is stored, with this revision.
    Stored(u64),
    /// The key is at another revision than was expected.
    Conflict,
    /// There is no room; this much would be taken.
    Full(Room),
}

/// What following the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// How many lines were read.
    pub lines: u64,
    /// The hash of the last line. Keep a copy elsewhere: a comparison then detects any rewriting of the journal.
    pub head: String,
    /// What doesn't fit, in order; nothing when all is well.
    pub faults: Vec<ChainFault>,
}

/// Something that doesn't fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainFault {
    /// The line; none for a table that follows from the lines and doesn't fit them.
    pub sequence: Option<u64>,
    /// What is wrong with it.
    pub what: String,
}

impl std::fmt::Display for ChainFault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.sequence {
            Some(line) => write!(formatter, "line {line}: {}", self.what),
            None => formatter.write_str(&self.what),
        }
    }
}
