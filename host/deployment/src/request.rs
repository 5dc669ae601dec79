//! What a deployment is asked with, and what it answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use windlass_domain::{Event, Failure, NamedReport, Observation, Outcome, Plan, Release, Verdict};
use windlass_foundation::explain::{ExitCode, FailureKind, failure_hint};
use windlass_foundation::names::Instance;
use windlass_foundation::principal::Principal;
use windlass_journal::{Answered, Decision, Delivery, DeploymentState, ProbeResult, Purpose, Summary};

use super::seal::Seal;

/// A request to deploy.
#[derive(Debug, Clone)]
pub struct DeploymentRequest {
    /// The deployment's id, where the caller was told one already; none means a new one.
    pub id: Option<String>,
    /// What is deployed: an application, or one under another name.
    pub instance: Instance,
    /// What to deploy.
    pub target: Target,
    /// Who requests it.
    pub principal: Principal,
    /// Why, for the record.
    pub reason: Option<String>,
    /// How long to wait when another deployment holds the application; none means not at all.
    pub wait: Option<Duration>,
    /// A release that failed here before may be tried again.
    pub retry: bool,
    /// Why the gates may be passed although they say no, for this one deployment.
    pub break_glass: Option<String>,
    /// The deployment that has to be what runs when this one begins; none means that it does not matter.
    pub after: Option<String>,
}

/// What to deploy.
#[derive(Debug, Clone)]
pub enum Target {
    /// A release file, with the requested versions.
    Source(Source),
    /// A plan that was made before, executed as it is or refused as stale.
    Planned(Box<PlanFile>),
    /// A release that was made before, here or elsewhere; its bundle is kept on this host.
    Given {
        /// The release.
        release: Box<Release>,
        /// Where it came from, for the record.
        origin: String,
        /// The trusted key that signed it.
        signer: Option<String>,
        /// As for [`Source`].
        unbound: Option<String>,
    },
    /// What ran here before.
    Rollback {
        /// A deployment's id or number, a commit or a version; none means what ran before what runs now was deployed.
        to: Option<String>,
    },
}

/// A release file and what overrides it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Source {
    /// The directory of the release file.
    pub directory: PathBuf,
    /// `--set NAME=VERSION`.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// `--commit`.
    #[serde(default)]
    pub commit: Option<String>,
    /// `--defaults`: what is not set is what the file says, and not what runs.
    #[serde(default)]
    pub defaults: bool,
    /// The lines for agent.toml that would bind the application to the directory, where the operator wrote no binding
    /// for it. Then nothing that is granted to the application by name is granted.
    #[serde(default)]
    pub unbound: Option<String>,
}

/// A plan as a file: what `plan --out` writes and `deploy --plan` executes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PlanFile {
    /// The format of this document: 2.
    pub format: u32,
    /// The application's name.
    pub application: String,
    /// The environment that it was made in.
    pub environment: String,
    /// What is deployed.
    pub release: Release,
    /// The observation's fingerprint is compared with what is observed right before the first step.
    pub observation: Observation,
    /// The steps.
    pub plan: Plan,
    /// The release document that the release is from, where it is not from the application's files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<FromDocument>,
    /// As for [`Source`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unbound: Option<String>,
    /// The deployment whose release it goes back to, for the plan of a rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_of: Option<String>,
    /// That this host's agent made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
}

/// Which release document a planned release is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FromDocument {
    /// Where it came from, for the record.
    pub origin: String,
    /// The trusted key that signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

/// The format number of [`PlanFile`].
pub const PLAN_FILE_FORMAT: u32 = 2;

/// The largest plan file, in bytes.
pub const PLAN_FILE_LIMIT: u64 = 64 << 20;

/// A plan that was made and not executed.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What would be deployed.
    pub release: Arc<Release>,
    /// The release that the journal says runs.
    pub running: Option<Arc<Release>>,
    /// What runs.
    pub observation: Arc<Observation>,
    /// The steps.
    pub plan: Arc<Plan>,
    /// The environment's name.
    pub environment: String,
    /// The release document that the release is from.
    pub document: Option<FromDocument>,
    /// As for [`Source`].
    pub unbound: Option<String>,
    /// As for [`PlanFile`].
    pub rollback_of: Option<String>,
}

impl Planned {
    /// The plan as a file for `deploy --plan`, without the seal that [`super::DeploymentBackend::seal`] puts on it.
    #[must_use]
    pub fn file(&self) -> PlanFile {
        PlanFile {
            format: PLAN_FILE_FORMAT,
            application: self.release.application.clone(),
            environment: self.environment.clone(),
            release: (*self.release).clone(),
            observation: (*self.observation).clone(),
            plan: (*self.plan).clone(),
            document: self.document.clone(),
            unbound: self.unbound.clone(),
            rollback_of: self.rollback_of.clone(),
            seal: None,
        }
    }
}

/// What the gates say, without deploying.
#[derive(Debug, Clone)]
pub struct Gated {
    /// What was asked about.
    pub planned: Planned,
    /// All answers, the agent's own first.
    pub checks: Vec<Answered>,
    /// Whether a deployment would be let through now.
    pub passed: bool,
}

/// How a deployment ended.
#[derive(Debug, Clone)]
pub struct Ending {
    /// How.
    pub outcome: Outcome,
    /// Everything about it.
    pub state: DeploymentState,
    /// The release that ran before.
    pub previous: Option<Arc<Release>>,
    /// Events that recorders have not received yet, of earlier deployments too: those that wait, and those that are set
    /// aside.
    pub undelivered: Vec<Delivery>,
    /// What became of telling each recorder about this deployment.
    pub deliveries: Vec<Delivery>,
    /// What went wrong and changed nothing about the outcome: a failed sweep, say.
    pub warnings: Vec<String>,
    /// From when it was asked for to its end.
    pub took: Duration,
    /// What `rollback` would go back to now.
    pub back: Option<Summary>,
    /// Labels of these releases that other releases of the application have too.
    pub shared_labels: BTreeSet<String>,
}

impl Ending {
    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> ExitCode {
        exit(self.outcome, self.state.failure.as_ref())
    }

    /// What to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let said = self.state.failure.as_ref().and_then(failure_hint);
        match self.outcome {
            Outcome::Stuck => {
                Some(format!("see `windlass show {}`, {}", self.state.id, to_resolve(self.state.instance.as_str())))
            }
            Outcome::Succeeded | Outcome::Unchanged | Outcome::Refused | Outcome::RolledBack => said,
        }
    }

    /// The event about it, as recorders receive it.
    #[must_use]
    pub fn event(&self, host: &str, key: String) -> Event {
        event_of(&self.state, self.previous.as_deref(), host, key)
    }
}

/// How the process ends after a deployment that ended so.
///
/// A refusal before the gates says what kept the deployment from being planned: a server that cannot be reached, something
/// that doesn't exist, a file that is wrong.
#[must_use]
pub fn exit(outcome: Outcome, failure: Option<&Failure>) -> ExitCode {
    match outcome {
        Outcome::Succeeded | Outcome::Unchanged => ExitCode::Succeeded,
        Outcome::RolledBack => ExitCode::RolledBack,
        Outcome::Stuck => ExitCode::Stuck,
        Outcome::Refused => {
            let kind = failure.map(FailureKind::of);
            kind.and_then(|kind| kind.exit()).unwrap_or(ExitCode::Refused)
        }
    }
}

/// What a person does about a stuck deployment of an application.
#[must_use]
pub fn to_resolve(application: &str) -> String {
    format!("correct what is wrong by hand, then run `windlass resolve {application} --reason …`")
}

/// The event that recorders receive about a deployment whose outcome is decided.
pub(super) fn event_of(state: &DeploymentState, previous: Option<&Release>, host: &str, key: String) -> Event {
    let outcome = state.outcome().unwrap_or(Outcome::Refused);
    let release = state.release.as_deref().cloned();
    let running = match outcome {
        Outcome::Succeeded | Outcome::Unchanged => release.clone(),
        Outcome::Refused | Outcome::RolledBack => previous.filter(|_| state.something_runs()).cloned(),
        // After a failed undo, it is not known which release runs.
        Outcome::Stuck => None,
    };
    Event {
        format: windlass_domain::EVENT_FORMAT,
        idempotency_key: key,
        deployment: state.id.clone(),
        sequence: state.number,
        application: state.instance.to_string(),
        environment: state.environment.clone(),
        host: host.to_owned(),
        outcome,
        cancelled: state.is_cancelled(),
        rollback: state.asked.purpose == Purpose::Rollback,
        actor: state.owner.actor.name.clone(),
        reason: state.asked.reason.clone().or_else(|| state.failure.as_ref().map(|failure| failure.message.clone())),
        release: release.unwrap_or_else(|| nameless(state)),
        previous: previous.cloned(),
        running,
        trouble: state.trouble(),
        started: state.started.to_string(),
        finished: state.finished.unwrap_or(state.started).to_string(),
        checks: named(&state.checks),
        smoke: named(&state.proofs),
        failure: state.failure.clone(),
        found: None,
    }
}

/// A release for a deployment that was refused before its release was known: it holds only what was requested.
fn nameless(state: &DeploymentState) -> Release {
    Release {
        format: windlass_domain::RELEASE_FORMAT,
        id: String::new(),
        application: state.instance.application().to_owned(),
        version: state.asked.commit.clone().unwrap_or_default(),
        commit: state.asked.commit.clone(),
        artifacts: BTreeMap::new(),
        inputs: state.asked.set.clone(),
        bundle: windlass_domain::Bundle { digest: String::new(), files: BTreeMap::new(), programs: None },
        migration: None,
    }
}

fn named(answers: &[Answered]) -> Vec<NamedReport> {
    let report = |answered: &Answered| match &answered.answer {
        ProbeResult::Report(report) => report.clone(),
        ProbeResult::Failure(failure) => windlass_domain::Report {
            verdict: if answered.decision == Decision::Refused { Verdict::Fail } else { Verdict::Inconclusive },
            summary: failure.message.clone(),
            findings: Vec::new(),
            data: failure.details.clone(),
        },
    };
    answers.iter().map(|answered| NamedReport { name: answered.name.clone(), report: report(answered) }).collect()
}
