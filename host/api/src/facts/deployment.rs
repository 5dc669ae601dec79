//! A deployment and what belongs to it, as facts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use windlass_domain::{Artifact, Failure, Plan, Release, Report, Verdict};

use super::principal::PrincipalFact;
use super::status::{DeliveryFact, FoundFact};
use windlass_foundation::words;

/// A release in few words.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReleaseFact {
    /// `sha256:…`.
    pub id: String,
    /// The label that people use.
    pub version: String,
    /// The label with the release's short id, where another release of the application has the same label here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The commit that it was made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Its images by name.
    pub artifacts: BTreeMap<String, ArtifactFact>,
}

impl From<&Release> for ReleaseFact {
    fn from(release: &Release) -> Self {
        Self {
            id: release.id.clone(),
            version: release.version.clone(),
            label: None,
            commit: release.commit.clone(),
            artifacts: release.artifacts.iter().map(|(name, artifact)| (name.clone(), artifact.into())).collect(),
        }
    }
}

impl ReleaseFact {
    /// The same; `shared` says whether another release has the same label.
    #[must_use]
    pub fn of(release: &Release, shared: bool) -> Self {
        let label = shared.then(|| words::label(&release.version, &release.id));
        Self { label, ..release.into() }
    }

    /// What people read: the label, and the short id where the label does not say which release it is.
    #[must_use]
    pub fn name(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.version)
    }
}

/// An image in few words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ArtifactFact {
    /// The repository with its registry.
    pub repository: String,
    /// The tag that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// `sha256:…`.
    pub digest: String,
    /// Whether the image exists only in this host's engine.
    pub local: bool,
}

impl From<&Artifact> for ArtifactFact {
    fn from(artifact: &Artifact) -> Self {
        Self {
            repository: artifact.repository.clone(),
            tag: artifact.tag.clone(),
            digest: artifact.digest.clone(),
            local: artifact.local,
        }
    }
}

/// A deployment: how it ended, or where it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DeploymentFact {
    /// Its id.
    pub deployment: String,
    /// Its place in this host's history.
    pub sequence: u64,
    /// The application's name.
    pub application: String,
    /// The environment's name.
    pub environment: String,
    /// `succeeded`, `unchanged`, `refused`, `rolled-back`, `stuck`, `resolved`, or `open` while it has not ended.
    pub outcome: String,
    /// Whether it was `refused` or `rolled-back` because a user or a signal stopped it, and nothing failed.
    pub cancelled: bool,
    /// Whether it is a rollback.
    pub rollback: bool,
    /// Who asked for it.
    pub actor: String,
    /// Who asked for it, with what proves it; none for deployments that an earlier agent recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<PrincipalFact>,
    /// Why, where they said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reason for breaking the glass, where it was broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<String>,
    /// The release; none when it was refused before there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseFact>,
    /// What ran before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<ReleaseFact>,
    /// Whether something of the application was seen to run when it was refused or rolled back; none where the agent did not look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runs: Option<bool>,
    /// What is not as it should be about what runs after it was refused or rolled back, one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// What the agent that stays found about what it made afterwards, the oldest first: `show`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<FoundFact>,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took: Option<u64>,
    /// How long each phase took, in the order in which they ended.
    pub phases: Vec<PhaseFact>,
    /// What the checks said.
    pub checks: Vec<ProbeFact>,
    /// What the verification and the smoke tests said.
    pub smoke: Vec<ProbeFact>,
    /// The steps.
    pub steps: Vec<StepFact>,
    /// What failed, when something did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What undoing failed with, when it is stuck.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo_failure: Option<Failure>,
    /// What is left behind, when it is stuck: the titles of the steps that were not undone.
    pub left_behind: Vec<String>,
    /// The objects on the engine that a person should look at, when it is stuck, as they are now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_objects: Vec<LeftFact>,
    /// Why these are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_unknown: Option<String>,
    /// Who took it upon them that things are in order, when it was stuck.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved: Option<AnswerFact>,
    /// What became of telling each recorder about it.
    pub records: Vec<RecordFact>,
    /// What recorders were not told, also about earlier deployments of the application; only at the end of a deployment.
    pub outbox: Vec<DeliveryFact>,
    /// What to do next: commands, or sentences with commands in backticks.
    pub next: Vec<String>,
}

/// What became of telling one recorder.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct RecordFact {
    /// Its name in the release file.
    pub recorder: String,
    /// Its number in the outbox.
    pub number: i64,
    /// `told`, `waiting`, `set-aside` or `given-up`.
    pub state: String,
    /// What the recorder says about it in one sentence, where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Why it was not told, the last time; or who gave it up and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// When it was told or given up, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// A person's answer for a deployment that was stuck.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct AnswerFact {
    /// Who.
    pub actor: String,
    /// Who, with what proves it; none where an earlier agent recorded it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<PrincipalFact>,
    /// What they did.
    pub reason: String,
    /// When, RFC 3339.
    pub time: String,
}

/// An object on the engine that a stuck deployment made, or a container that it stopped.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LeftFact {
    /// `container`, `network` or `volume`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// `running`, `exited` and so on, for a container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Whether this deployment made it; otherwise it is a container of an earlier one that does not run.
    pub of_this_deployment: bool,
    /// The command that shows it.
    pub look: String,
    /// The command that removes it, or that starts a container of an earlier deployment.
    pub act: String,
}

/// How long a phase took.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PhaseFact {
    /// `resolve`, `plan`, `check`, `apply`, `verify`, `record`, `sweep` or `undo`.
    pub phase: String,
    /// In milliseconds.
    pub took: u64,
}

/// What a check, the verification or a smoke test said.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ProbeFact {
    /// Its name in the release file; `health` for the strategy's verification.
    pub name: String,
    /// Its answer. Schema: `report`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took: Option<u64>,
}

/// A step of a deployment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StepFact {
    /// Its id in the plan.
    pub step: String,
    /// Its title.
    pub title: String,
    /// `waiting`, `running`, `done`, `failed`, `undoing`, `undone` or `undo-failed`.
    pub state: String,
    /// How applying it ended, also where it was undone since: `done`, `failed`, or `stopped` with the deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<String>,
    /// How long applying it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took: Option<u64>,
    /// How long undoing it took, in milliseconds, where there was something to undo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo_took: Option<u64>,
}

/// What a deployment would do.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PlanFact {
    /// The application's name.
    pub application: String,
    /// The environment's name.
    pub environment: String,
    /// The release. Schema: `release`.
    pub release: Release,
    /// The version that runs, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<String>,
    /// The id of the release that runs, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running_release: Option<String>,
    /// The plan. Schema: `plan`.
    pub plan: Plan,
    /// Where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
}

/// What the checks say.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct CheckFact {
    /// The application's name.
    pub application: String,
    /// The environment's name.
    pub environment: String,
    /// The label of the release.
    pub version: String,
    /// Whether a deployment would be refused.
    pub refused: bool,
    /// The worst verdict.
    pub verdict: Verdict,
    /// Each check.
    pub checks: Vec<ProbeFact>,
}

/// What the verification and the smoke tests of a deployment say about what runs now.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct VerifiedFact {
    /// The application's name.
    pub application: String,
    /// The environment's name.
    pub environment: String,
    /// The label of the release that runs.
    pub version: String,
    /// The deployment that made it so.
    pub deployment: String,
    /// Whether a deployment would be proved by this.
    pub passed: bool,
    /// The worst verdict.
    pub verdict: Verdict,
    /// The health, as `health`, and each smoke test.
    pub proofs: Vec<ProbeFact>,
}

/// One deployment in history.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HistoryFact {
    /// Its place in this host's history.
    pub sequence: u64,
    /// Its id.
    pub deployment: String,
    /// The application's name.
    pub application: String,
    /// The environment's name.
    pub environment: String,
    /// As in `deployment`.
    pub outcome: String,
    /// As in `deployment`.
    pub cancelled: bool,
    /// Whether it is a rollback.
    pub rollback: bool,
    /// The label of the release; none when it was refused before there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The label with the release's short id, where another release of the application has the same label here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Who asked for it.
    pub actor: String,
    /// Who asked for it, with what proves it; none for deployments that an earlier agent recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<PrincipalFact>,
    /// Why, where they said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it was deployed although a gate refused, when it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<String>,
    /// When it began, RFC 3339.
    pub started: String,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took: Option<u64>,
}

/// One line of a deployment's log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct LogFact {
    /// The deployment's id.
    pub deployment: String,
    /// When, RFC 3339.
    pub time: String,
    /// The step or plugin that wrote it.
    pub source: String,
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// The line.
    pub message: String,
}
