//! What a call of a plugin is about: for whom, why, and with which releases. Made once, and shared by every layer that the
//! call goes through.
//!
//! What a layer adds, a deadline, grants, an owner of containers, is its own. Nothing is decided here.

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_domain::{Bundle, Plan, RELEASE_FORMAT, Release};

use super::progress::DeploymentRef;

/// Why a plugin is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallPurpose {
    /// To plan a release whose deployment was not asked for yet.
    Plan,
    /// To plan a way back that is only shown. To a plugin it is a way back like any other, and nothing is made.
    PlanRollback,
    /// To say whether a release could be deployed now.
    Check,
    /// To run the release that was asked for.
    Deploy,
    /// To put back what ran before, because it was asked for or because something failed.
    Rollback,
    /// To see what runs, for a question.
    Status,
    /// To see what runs, for a deployment: to a plugin it is a question, and what it logs is kept with the deployment.
    DeploymentStatus,
}

impl CallPurpose {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Plan,
        Self::PlanRollback,
        Self::Check,
        Self::Deploy,
        Self::Rollback,
        Self::Status,
        Self::DeploymentStatus,
    ];

    /// The word that the plugin gets: `plan`, `check`, `deploy`, `rollback` or `status`, as `wit/context.wit` lists them.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Check => "check",
            Self::Deploy => "deploy",
            Self::Rollback | Self::PlanRollback => "rollback",
            Self::Status | Self::DeploymentStatus => "status",
        }
    }

    /// Whether the call is made for a deployment that is in the journal. All others have an id that only marks the call.
    #[must_use]
    pub fn is_of_deployment(self) -> bool {
        match self {
            Self::Deploy | Self::Rollback | Self::DeploymentStatus => true,
            Self::Plan | Self::PlanRollback | Self::Check | Self::Status => false,
        }
    }
}

/// What the calls of plugins are about, for a deployment or for a question without one.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// The deployment's id.
    pub deployment: String,
    /// The application's name.
    pub application: String,
    /// The environment's name.
    pub environment: String,
    /// Why plugins are called.
    pub purpose: CallPurpose,
    /// What is deployed, or put back.
    pub release: Arc<Release>,
    /// What ran before, as the journal says.
    pub running: Option<Arc<Release>>,
    /// The plan, once there is one.
    pub plan: Option<Arc<Plan>>,
    /// The lines for agent.toml that would bind the application to where the release is from, where the operator wrote no
    /// binding for it. Then nothing that is granted to the application by name is granted.
    pub unbound: Option<String>,
}

/// About nothing: a question that has no release, deployment or application, as what would be granted to a plugin.
impl Default for CallContext {
    fn default() -> Self {
        Self {
            deployment: String::new(),
            application: String::new(),
            environment: String::new(),
            purpose: CallPurpose::Status,
            release: Arc::new(Release {
                format: RELEASE_FORMAT,
                id: String::new(),
                application: String::new(),
                version: String::new(),
                commit: None,
                artifacts: BTreeMap::new(),
                inputs: BTreeMap::new(),
                bundle: Bundle { digest: String::new(), files: BTreeMap::new(), programs: None },
                migration: None,
            }),
            running: None,
            plan: None,
            unbound: None,
        }
    }
}

impl CallContext {
    /// The id of the deployment in the journal; none where there is none.
    #[must_use]
    pub fn in_journal(&self) -> Option<&str> {
        self.purpose.is_of_deployment().then_some(self.deployment.as_str())
    }

    /// What the progress of the calls is about.
    #[must_use]
    pub fn of(&self) -> DeploymentRef {
        DeploymentRef { application: self.application.clone(), deployment: self.in_journal().map(str::to_owned) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_get_the_words_of_the_contract_and_the_journal_keeps_what_deployments_do() {
        let told = CallPurpose::ALL.map(|purpose| (purpose.word(), purpose.is_of_deployment()));
        let expected = [
            ("plan", false),
            ("rollback", false),
            ("check", false),
            ("deploy", true),
            ("rollback", true),
            ("status", false),
            ("status", true),
        ];
        assert_eq!(told, expected);
    }
}
