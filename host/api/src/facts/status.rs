//! What runs, as a fact.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deployment::ReleaseFact;

/// An application's state: what was deployed, what runs, and whether that is the same.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct StatusFact {
    /// The application's name.
    pub application: String,
    /// The environment's name.
    pub environment: String,
    /// The release that the journal says runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseFact>,
    /// The deployment that put it there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// Who asked for that deployment, with what proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Since when, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What is observed; none when it could not be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<Vec<PartFact>>,
    /// Why it could not be observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unobserved: Option<String>,
    /// Where what is observed is not what was deployed, one sentence each.
    pub drift: Vec<String>,
    /// What the agent that stays found last, and since when; nothing where all is as it was deployed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<FoundFact>,
    /// Until when the agent that stays goes on asking what the verification asked, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched_until: Option<String>,
    /// A deployment that has not ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenFact>,
    /// Why the application cannot be deployed until a person resolves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stuck: Option<String>,
    /// Why deployments of it are refused: who closed it, since when and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// The only release that may be deployed, who says so and why; none when every one may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<String>,
    /// Releases that are refused and need `--retry`, each with why.
    pub quarantined: Vec<String>,
    /// What recorders were not told: what waits and is told later, and what is set aside for a person.
    pub outbox: Vec<DeliveryFact>,
}

/// What the agent that stays found about what runs after its deployment had ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct FoundFact {
    /// What found it: `watch`, which asks what the verification asked, or `drift`, which compares what runs with what was
    /// deployed.
    pub by: String,
    /// What it found, one sentence; none where it found that all is as it was deployed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// When, RFC 3339.
    pub since: String,
}

/// What holds deployments of an application back.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct HoldsFact {
    /// The application's name.
    pub application: String,
    /// Why all deployments of it are refused; none when they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// The only release that may be deployed, who says so and why; none when every one may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pinned: Option<String>,
    /// Releases that are refused, each with why.
    pub quarantined: Vec<String>,
}

/// What a recorder was not told.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct DeliveryFact {
    /// Its number in the outbox, for `outbox drop` and `outbox retry`.
    pub number: i64,
    /// `waiting`, and told later; or `set-aside`, because the recorder will never take it, until a person says something.
    pub state: String,
    /// The application's name.
    pub application: String,
    /// The recorder's name in the release file.
    pub recorder: String,
    /// The deployment that it is about.
    pub deployment: String,
    /// The label of that deployment's release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When that deployment ended, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again, RFC 3339; none for what is set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// Why it failed the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// What to do about it, where the recorder says; only of what is set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl DeliveryFact {
    /// Whether a person has to say something about it.
    #[must_use]
    pub fn is_set_aside(&self) -> bool {
        self.state == "set-aside"
    }

    /// What to do about it in one line: lines to be written somewhere follow the first one.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_ref()?.lines().next()
    }
}

/// A deployment that has not ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct OpenFact {
    /// Its id.
    pub deployment: String,
    /// The label of its release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Since when, RFC 3339.
    pub started: String,
    /// Who works on it now; none when it was interrupted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
}

/// One running part.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PartFact {
    /// The service.
    pub service: String,
    /// The container, as its own tools name it.
    pub instance: String,
    /// The version that it runs, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The image that it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// `running`, `restarting`, `exited`, or the word of what runs it.
    pub state: String,
    /// `healthy`, `unhealthy` or `starting`; none without a health check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<String>,
    /// How often it was restarted.
    pub restarts: u64,
    /// Since when it is in this state, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What is not as it should be about it, in a few words; none where it is well, or about to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Whether it was meant to end, and ended well: it need not run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub finished: bool,
}

impl From<&windlass_domain::Part> for PartFact {
    fn from(part: &windlass_domain::Part) -> Self {
        Self {
            service: part.service.clone(),
            instance: part.instance.clone(),
            version: part.version.clone(),
            reference: part.reference.clone(),
            state: part.state.clone(),
            health: part.health.clone(),
            restarts: part.restarts,
            since: part.since.clone(),
            trouble: part.ill(),
            finished: part.finished,
        }
    }
}
