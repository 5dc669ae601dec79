//! A plan: the steps from what runs to the release, as data.
//!
//! The same value is shown, checked, executed and stored.

use std::collections::{BTreeSet, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The format number that this library writes in [`Plan::format`].
pub const PLAN_FORMAT: u32 = 1;

/// The steps from what runs to the release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// The format of this document.
    pub format: u32,
    /// The fingerprint of the observation that the plan was made from. When it is no longer what is observed, the
    /// plan is stale and is refused.
    pub fingerprint: String,
    /// What changes for people, one entry per service, network or volume, kept ones included.
    pub changes: Vec<Change>,
    /// What is done. Ids are unique; `needs` names earlier or later entries but makes no cycle.
    /// A plan without a step that `changes` anything means that the release already runs.
    pub steps: Vec<Step>,
    /// What a person should know before it starts: a gap in service, say, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What going back needs on this host, in the strategy's own words: images by reference, for Compose. The strategy is
    /// asked what of it is missing, and the host refuses to start when something is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub way_back: Vec<String>,
}

impl Plan {
    /// Whether the release already runs as it should.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        !self.steps.iter().any(|step| step.changes)
    }

    /// The ids of steps that wait for themselves in the end, or for such a step; none in a plan that can be executed.
    /// Takes time in proportion to the plan.
    #[must_use]
    pub fn endless(&self) -> BTreeSet<&str> {
        let mut waits: HashMap<&str, usize> = HashMap::new();
        let mut dependents: HashMap<&str, Vec<&str>> = HashMap::new();
        for step in &self.steps {
            waits.insert(&step.id, step.needs.len());
            for need in &step.needs {
                dependents.entry(need).or_default().push(&step.id);
            }
        }
        let mut free: Vec<&str> = waits.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
        while let Some(id) = free.pop() {
            waits.remove(id);
            for dependent in dependents.get(id).into_iter().flatten() {
                if let Some(count) = waits.get_mut(dependent) {
                    *count -= 1;
                    if *count == 0 {
                        free.push(dependent);
                    }
                }
            }
        }
        waits.into_keys().collect()
    }
}

/// What happens to one thing that people know by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Change {
    /// What: `service backend`, `network front`, `volume data`.
    pub subject: String,
    /// What is done to it.
    pub action: Action,
    /// Why: `image changed`, `new in this release`, `started by Docker Compose with the same configuration`.
    pub cause: String,
    /// How, where there is more than one way: `start-first`, `stop-first: publishes port 8080`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manner: Option<String>,
    /// Field by field, for the diff. Secret values appear as placeholders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
}

/// What a plan does to a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It was not there.
    Create,
    /// A new one takes the place of the old one.
    Replace,
    /// It is changed in place.
    Update,
    /// It goes away.
    Remove,
    /// It is as it should be and is not touched.
    Keep,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Difference {
    /// The field, in the words of the application's own files: `image`, `environment.LOG_LEVEL`.
    pub field: String,
    /// What it is now; none where it is not there.
    pub from: Option<String>,
    /// What it will be; none where it goes away.
    pub to: Option<String>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// Unique in the plan, stable for the same change, at most 128 characters: `backend:start`.
    pub id: String,
    /// One line for people: `start backend (new)`.
    pub title: String,
    /// When it is done.
    pub phase: Phase,
    /// Steps of the same phase that must have succeeded before.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Whether it changes anything. A step that only waits or looks does not.
    pub changes: bool,
    /// Whether code of the new release may have run once the step began. After that a release whose migration
    /// cannot be taken back is not undone. A step that doesn't say counts as one that may, if it changes anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs_release: Option<bool>,
    /// Whether it is begun only when all other steps of the phase `apply` are done, and runs while the release is verified:
    /// stopping the old version, say. Smoke tests wait for its end, though 5 s at most. The success is told as soon as
    /// the release is verified, and such a step goes on to its end. It is undone when the verification fails; its own
    /// failure is a warning. No step without this may need it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub during_verify: bool,
    /// Who applies it and undoes it; none: the strategy. The host refuses a plan that names an owner that it does not know,
    /// and today it knows `strategy` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The subject of the [`Change`] that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How long it may take, where the host's default does not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// What the plan saw and `undo` must put back.
    #[serde(default)]
    pub before: Value,
    /// The plugin's own: all that `apply` needs.
    #[serde(default)]
    pub details: Value,
}

impl Step {
    /// When it is begun.
    #[must_use]
    pub fn when(&self) -> When {
        match (self.phase, self.during_verify) {
            (Phase::Apply, false) => When::Apply,
            (Phase::Apply, true) => When::DuringVerify,
            (Phase::Sweep, _) => When::Sweep,
        }
    }

    /// Whether it runs while the release is verified.
    #[must_use]
    pub fn is_during_verify(&self) -> bool {
        self.when() == When::DuringVerify
    }

    /// Whether it can wait for another step: one of its own phase that is not begun later.
    #[must_use]
    pub fn may_need(&self, other: &Self) -> bool {
        self.phase == other.phase && other.when() <= self.when()
    }

    /// Whether code of the new release may have run once it began.
    #[must_use]
    pub fn may_run_release(&self) -> bool {
        self.runs_release.unwrap_or(self.changes)
    }
}

/// When a step is begun, in that order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    /// As soon as what it needs is done. Its failure is the deployment's.
    Apply,
    /// Once all of those are done; the release is verified meanwhile. Its failure is a warning.
    DuringVerify,
    /// After success. Its failure is a warning.
    Sweep,
}

/// When a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Before the deployment is verified. Undone when anything fails.
    Apply,
    /// After success: removes what the old version leaves behind. Never undone, and its failure is a warning.
    Sweep,
}
