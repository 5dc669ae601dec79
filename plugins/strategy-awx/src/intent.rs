//! What was launched for which deployment, kept outside the call: a launch is written down before AWX is asked for it,
//! so that the next call knows that there may be a job.

use serde::Serialize;
use windlass_sdk::prelude::*;

/// Which way a job goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the release.
    Forward,
    /// To what ran before.
    Back,
}

impl Way {
    fn key(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Back => "back",
        }
    }

    /// What marks the job of a deployment in AWX.
    pub(crate) fn mark(self, deployment: &str) -> String {
        format!("{deployment}/{}", self.key())
    }
}

/// A launch that was asked for, or is about to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Intent {
    /// The deployment's id. Another one's intent is of the past.
    pub(crate) deployment: String,
    /// The job's address at AWX, once it is known.
    pub(crate) job: Option<String>,
}

/// What is written for this deployment, and the revision to change it at.
pub(crate) fn read(way: Way, deployment: &str) -> Result<(Option<Intent>, Option<u64>)> {
    let Some(entry) = state::get(way.key())? else { return Ok((None, None)) };
    // What another version of the plugin wrote in another way is of the past as well.
    let intent: Option<Intent> = serde_json::from_slice(&entry.value).ok();
    Ok((intent.filter(|intent| intent.deployment == deployment), Some(entry.revision)))
}

/// Writes it, over what was there at the revision. Returns the new one.
pub(crate) fn write(way: Way, intent: &Intent, expected: Option<u64>) -> Result<u64> {
    let written = state::put(way.key(), &serde_json::to_vec(intent)?, expected);
    written.map_err(|error| error.context("what is launched cannot be written down"))
}

/// Nothing was launched after all.
pub(crate) fn forget(way: Way, revision: u64) -> Result<()> {
    state::delete(way.key(), Some(revision))
}
