//! One environment's settings: `[environments.NAME]` merged over the rest of the release file.
//!
//! Tables are merged key by key, everything else is replaced. Every environment is merged and read when the file is
//! read, so that a mistake in `production` is found in `staging`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use windlass_domain::Migration;

/// What a deployment in one environment is to do, with every default filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The application's name.
    pub application: String,
    /// The environment's name.
    pub environment: String,
    /// Values for the strategy's files. Never a secret.
    pub variables: BTreeMap<String, String>,
    /// Variables whose value is a secret of the operator's: variable name to secret name.
    pub secrets: BTreeMap<String, String>,
    /// How it is deployed.
    pub strategy: Strategy,
    /// Gates, in the order of the file; disabled ones are left out.
    pub checks: Vec<Probe>,
    /// Proofs from outside, in the order of the file; disabled ones are left out.
    pub smoke: Vec<Probe>,
    /// The recorders, in the order of the file; disabled ones are left out.
    pub recorders: Vec<Recorder>,
    /// What the host decides with.
    pub policy: Policy,
    /// What the release says about going back.
    pub migration: Option<Migration>,
    /// What the agent that stays does after a deployment.
    pub afterwards: Afterwards,
}

/// What the agent that stays does after a deployment that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Afterwards {
    /// How long it goes on asking what the verification asked; none means not at all.
    pub watch: Option<Duration>,
    /// How often it asks.
    pub watch_every: Duration,
    /// What follows when the release fails meanwhile.
    pub on_watch_failure: OnWatchFailure,
    /// What follows when what runs is not what was deployed any more.
    pub on_drift: OnDrift,
}

/// What follows when a release fails while it is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnWatchFailure {
    /// People are told.
    Alert,
    /// What ran before is deployed again as well.
    Rollback,
}

/// What follows when what runs is not what was deployed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDrift {
    /// People are told.
    Report,
    /// The release that runs is deployed again as well.
    Restore,
}

/// A plugin and its configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginUse {
    /// Which plugin.
    pub plugin: PluginName,
    /// Its `with` table as JSON; an empty object when there is none.
    pub with: Value,
    /// The table of the release file that says so, as a path of keys, `checks` and `ready` say: for errors about the plugin
    /// or its configuration.
    pub table: Vec<String>,
}

/// Which plugin a release file names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PluginName {
    /// One that the agent carries: `check-readiness`.
    Bundled(String),
    /// A file of the bundle, relative to the release file, without `./`: `checks/ours.wasm`.
    File(String),
    /// A component at a registry, pinned: `registry.example/team/check@sha256:…`.
    Registry(String),
}

impl std::fmt::Display for PluginName {
    /// As it stands in a release file.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bundled(name) | Self::Registry(name) => formatter.write_str(name),
            Self::File(path) => write!(formatter, "./{path}"),
        }
    }
}

/// The strategy of a deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    /// The plugin.
    pub plugin: PluginUse,
    /// How long one step may take, where the plan does not say.
    pub step_deadline: Duration,
}

/// A check or a smoke test.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// Its name in the release file.
    pub name: String,
    /// The plugin.
    pub plugin: PluginUse,
    /// How long it may take, all attempts together.
    pub deadline: Duration,
    /// The pause before one that said `pending` is asked again.
    pub interval: Duration,
    /// What its failing to answer means.
    pub on_error: Reaction,
    /// What `inconclusive` means, and `pending` at the deadline.
    pub on_inconclusive: Reaction,
}

/// A recorder.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorder {
    /// Its name in the release file.
    pub name: String,
    /// The plugin.
    pub plugin: PluginUse,
    /// How long one attempt may take.
    pub deadline: Duration,
}

/// What the host decides with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How long everything up to the verified deployment may take; what is unfinished then is undone.
    pub deadline: Duration,
    /// What a probe's failing to answer means, where the probe does not say.
    pub on_error: Reaction,
    /// What `inconclusive` means, where the probe does not say.
    pub on_inconclusive: Reaction,
    /// Whether to go on when an image that rollback needs is missing.
    pub allow_no_way_back: bool,
}

/// What follows from a probe that gave no clear answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaction {
    /// The deployment is refused, or undone.
    Refuse,
    /// The deployment goes on with a warning.
    Warn,
    /// The deployment goes on.
    Pass,
}
