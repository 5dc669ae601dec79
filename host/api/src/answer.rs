//! What a command is answered.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use windlass_foundation::explain::ExitCode;

use crate::command::Content;
use crate::facts::{
    AccessFact, AuditFact, CheckFact, ConfigFact, CourseFact, DeliveryFact, DeploymentFact, DoctorFact, Fact,
    GrantFact, HistoryFact, HoldsFact, LogFact, OriginFact, PlanFact, PluginDiffFact, PluginFact, ReleaseDocumentFact,
    ReleaseLineFact, StatusFact, TriggerFact, VerifiedFact,
};

/// The end of a command that could be carried out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Reply {
    /// The answer.
    pub answer: Answer,
    /// How a process that asked ends.
    #[schemars(with = "u8")]
    pub exit: ExitCode,
}

impl Reply {
    /// The reply of a command that succeeded.
    #[must_use]
    pub fn succeeded(answer: Answer) -> Self {
        Self { answer, exit: ExitCode::Succeeded }
    }
}

/// What a command is answered. [`Answer::facts`] are the lines that `--json` prints of it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Answer {
    /// How a deployment ended: `deploy`, `rollback`, `promote`, `resume`, `resolve --retry`.
    Ended {
        /// The deployment.
        deployment: Box<DeploymentFact>,
    },
    /// A stuck deployment was declared as resolved.
    Resolved {
        /// The deployment; none where it is not in the journal any more.
        deployment: Option<Box<DeploymentFact>>,
    },
    /// Every open deployment was resumed; [`CommandEvent::Part`](crate::CommandEvent::Part) told how each ended.
    Resumed {
        /// The application that was asked about.
        application: Option<String>,
        /// How many were open.
        number: usize,
    },
    /// One deployment of the history.
    Shown {
        /// The deployment.
        deployment: Box<DeploymentFact>,
    },
    /// The same with its course: what a page about it shows.
    Reported {
        /// The deployment.
        deployment: Box<DeploymentFact>,
        /// What was planned, when each thing was done, and what was logged.
        course: Box<CourseFact>,
    },
    /// The resolved application.
    Config {
        /// The application.
        config: Box<ConfigFact>,
    },
    /// Where a value of it came from.
    Origin {
        /// The value.
        origin: Box<OriginFact>,
    },
    /// What a deployment would do.
    Plan {
        /// The plan for people and scripts.
        plan: Box<PlanFact>,
        /// The plan file, where it was asked for.
        file: Option<Content>,
    },
    /// What the checks say.
    Check {
        /// All checks.
        check: CheckFact,
    },
    /// What the verification and the smoke tests say about what runs.
    Verified {
        /// Each application that was asked about.
        applications: Vec<VerifiedFact>,
    },
    /// Deployments, the newest first.
    History {
        /// The application that was asked about.
        application: Option<String>,
        /// The deployments.
        deployments: Vec<HistoryFact>,
    },
    /// The log of a deployment.
    Log {
        /// The deployment's id.
        deployment: String,
        /// The lines, the oldest first.
        lines: Vec<LogFact>,
    },
    /// What runs.
    Status {
        /// The applications.
        applications: Vec<StatusFact>,
    },
    /// A release.
    Release {
        /// The release.
        release: Box<ReleaseDocumentFact>,
        /// The release document, where it was asked for.
        document: Option<Content>,
        /// The directory whose files it was made from just now.
        directory: Option<PathBuf>,
    },
    /// The releases that succeeded here, the newest first.
    Releases {
        /// The application.
        application: String,
        /// The releases.
        releases: Vec<ReleaseLineFact>,
    },
    /// What holds deployments of an application back now.
    Holds {
        /// What does.
        holds: HoldsFact,
    },
    /// Events that recorders have not received.
    Outbox {
        /// The events.
        deliveries: Vec<DeliveryFact>,
    },
    /// An event from outside started nothing.
    Ignored {
        /// The event.
        trigger: TriggerFact,
    },
    /// Whether the journal is as it was written.
    Audit {
        /// What was found.
        audit: AuditFact,
    },
    /// Plugins.
    Plugins {
        /// The plugins.
        plugins: Vec<PluginFact>,
    },
    /// One plugin.
    Plugin {
        /// The plugin.
        plugin: Box<PluginFact>,
    },
    /// Two plugins compared.
    PluginDiff {
        /// What is not the same.
        diff: Box<PluginDiffFact>,
    },
    /// What the plugins of an application ask for.
    Grants {
        /// Each thing that is asked for.
        grants: Vec<GrantFact>,
    },
    /// Who asked, and what they may do.
    Whoami {
        /// Both.
        access: AccessFact,
    },
    /// Whether this host can deploy.
    Doctor {
        /// Each thing that was looked at.
        findings: Vec<DoctorFact>,
    },
}

impl Answer {
    /// The lines of `--json`.
    #[must_use]
    pub fn facts(self) -> Vec<Fact> {
        match self {
            Self::Ended { deployment } | Self::Shown { deployment } | Self::Reported { deployment, .. } => {
                vec![Fact::Deployment(deployment)]
            }
            Self::Resolved { deployment } => deployment.into_iter().map(Fact::Deployment).collect(),
            Self::Resumed { .. } => Vec::new(),
            Self::Config { config } => vec![Fact::Config(config)],
            Self::Origin { origin } => vec![Fact::Origin(origin)],
            Self::Plan { plan, .. } => vec![Fact::Plan(plan)],
            Self::Check { check } => vec![Fact::Check(check)],
            Self::Verified { applications } => applications.into_iter().map(Fact::Verified).collect(),
            Self::History { deployments, .. } => deployments.into_iter().map(Fact::History).collect(),
            Self::Log { lines, .. } => lines.into_iter().map(Fact::Log).collect(),
            Self::Status { applications } => {
                applications.into_iter().map(|application| Fact::Status(Box::new(application))).collect()
            }
            Self::Release { release, .. } => vec![Fact::ReleaseDocument(release)],
            Self::Releases { releases, .. } => releases.into_iter().map(Fact::ReleaseLine).collect(),
            Self::Holds { holds } => vec![Fact::Holds(holds)],
            Self::Outbox { deliveries } => deliveries.into_iter().map(Fact::Delivery).collect(),
            Self::Ignored { trigger } => vec![Fact::Trigger(trigger)],
            Self::Audit { audit } => vec![Fact::Audit(audit)],
            Self::Plugins { plugins } => plugins.into_iter().map(|plugin| Fact::Plugin(Box::new(plugin))).collect(),
            Self::Plugin { plugin } => vec![Fact::Plugin(plugin)],
            Self::PluginDiff { diff } => vec![Fact::PluginDiff(diff)],
            Self::Grants { grants } => grants.into_iter().map(Fact::Grant).collect(),
            Self::Whoami { access } => vec![Fact::Access(access)],
            Self::Doctor { findings } => findings.into_iter().map(Fact::Doctor).collect(),
        }
    }
}
