//! How far an update came, as a file: a process that is killed leaves it to the next one.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::UpdateError;
use crate::agent::Agent;
use crate::files;
use crate::place::Place;

/// The longest record, in bytes.
const LIMIT: u64 = 64 << 10;

/// How far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Stage {
    /// The new version is being put in place, or has not answered yet.
    Changing,
    /// The new version answered.
    Done,
    /// The version from before is being put back.
    GoingBack,
    /// The version from before is in place again.
    Back,
}

/// Two versions of a package, the one from before and the new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Packages {
    /// The version that was installed.
    pub(crate) old: String,
    /// The new one.
    pub(crate) new: String,
    /// Whether the old package is kept.
    pub(crate) kept: bool,
}

/// The last update of this host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Record {
    /// How far it came.
    pub(crate) stage: Stage,
    /// The program that is exchanged.
    pub(crate) program: PathBuf,
    /// The version from before; none where it did not run.
    pub(crate) old: Option<String>,
    /// The new version.
    pub(crate) new: String,
    /// Set where a package was exchanged.
    pub(crate) packages: Option<Packages>,
    /// Whether the journal is kept as it was.
    pub(crate) journal: bool,
    /// The agent as it was before.
    pub(crate) agent: Agent,
}

impl Record {
    /// The record of a place; none where nothing was exchanged there.
    pub(crate) fn read(place: &Place) -> Result<Option<Self>, UpdateError> {
        let path = place.record();
        let unread = |source| UpdateError::Read { path: path.clone(), source };
        match windlass_foundation::regular::read(&path, LIMIT) {
            Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| unread(error.into())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unread(error)),
        }
    }

    /// Writes that it came so far.
    pub(crate) fn reach(&mut self, stage: Stage, place: &Place) -> Result<(), UpdateError> {
        self.stage = stage;
        let failed = |source| UpdateError::Write { path: place.record(), source };
        let text = serde_json::to_vec_pretty(self).map_err(|error| failed(error.into()))?;
        files::put(&place.record(), text.as_slice(), 0o600)
    }

    /// Whether the process that wrote it did not come to an end.
    pub(crate) fn is_unfinished(&self) -> bool {
        matches!(self.stage, Stage::Changing | Stage::GoingBack)
    }

    /// The version from before, for people.
    pub(crate) fn old(&self) -> String {
        self.old.clone().unwrap_or_else(|| "the version from before".to_owned())
    }
}
