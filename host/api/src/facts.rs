//! What `--json` prints: one JSON object per line, each with a `type`. The terminal shows the same facts.
//!
//! These are their own types, so that neither the journal's format nor the plugin contract decides what scripts read.
//! Growth: fields and types may be added; none is removed, renamed or given another meaning within a major version.
//! `docs/json-output.md` is generated from here.

mod access;
mod config;
mod course;
mod deployment;
mod host;
mod principal;
mod release;
mod sentences;
mod status;
mod trigger;
mod update;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use windlass_foundation::progress::ProgressEvent;

use crate::error::ErrorFact;

pub use access::{AccessFact, KeyFact, RightsFact};
pub use config::{ConfigFact, OriginFact};
pub use course::{CourseFact, SpanFact};
pub use deployment::{
    AnswerFact, ArtifactFact, CheckFact, DeploymentFact, HistoryFact, LeftFact, LogFact, PhaseFact, PlanFact,
    ProbeFact, RecordFact, ReleaseFact, StepFact, VerifiedFact,
};
pub use host::{
    AskFact, AuditFact, DoctorFact, FileFact, GrantFact, Health, KeysFact, PluginDiffFact, PluginFact, PluginSideFact,
    ReachFact, ReasonFact, RequestFact, SchemaFact,
};
pub use principal::PrincipalFact;
pub use release::{ReleaseDocumentFact, ReleaseLineFact};
pub use sentences::Remark;
pub use status::{DeliveryFact, FoundFact, HoldsFact, OpenFact, PartFact, StatusFact};
pub use trigger::TriggerFact;
pub use update::UpdateFact;

/// One line of `--json`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Fact {
    /// Something happens right now: `deploy`, `rollback`, `resume`, `check`, `plan`.
    Progress(ProgressEvent),
    /// How a deployment ended, or what is known of one: `deploy`, `rollback`, `resume`, `resolve`, `show`, `report`.
    Deployment(Box<DeploymentFact>),
    /// The resolved application: `config`.
    Config(Box<ConfigFact>),
    /// Where a value came from: `config --explain`.
    Origin(Box<OriginFact>),
    /// What a deployment would do: `plan`.
    Plan(Box<PlanFact>),
    /// What the checks say: `check`.
    Check(CheckFact),
    /// What the verification and the smoke tests say about what runs: `verify`.
    Verified(VerifiedFact),
    /// One line of `history`.
    History(HistoryFact),
    /// One line of a deployment's log: `logs`.
    Log(LogFact),
    /// An application's state: `status`.
    Status(Box<StatusFact>),
    /// A release: `release show`, `release verify`, and `release create` and `export` with a file.
    ReleaseDocument(Box<ReleaseDocumentFact>),
    /// One line of `release list`.
    ReleaseLine(ReleaseLineFact),
    /// What holds deployments of an application back: `freeze`, `pin`, `quarantine`, and what lifts each.
    Holds(HoldsFact),
    /// What a recorder was not told yet: `outbox`.
    Delivery(DeliveryFact),
    /// What became of an event: `trigger`.
    Trigger(TriggerFact),
    /// Whether the journal is as it was written: `audit verify`.
    Audit(AuditFact),
    /// A plugin: `plugin list`, `plugin inspect`, `plugin build`.
    Plugin(Box<PluginFact>),
    /// Two plugins compared: `plugin inspect --diff`.
    PluginDiff(Box<PluginDiffFact>),
    /// What a plugin asks for and is granted: `plugin grants`.
    Grant(GrantFact),
    /// Who asked and what they may do: `whoami`, and the SSH gate without a command.
    Access(AccessFact),
    /// A key that runs the SSH gate: `ssh-gate install`, `list` and `revoke`.
    Key(KeyFact),
    /// Which version of Windlass is in place: `self-update`.
    Update(UpdateFact),
    /// One thing that was looked at: `doctor`.
    Doctor(DoctorFact),
    /// A file that was made, or would be: `init`, `plugin new`, `plugin wit`; one that the operator makes: `ssh-gate install`.
    File(FileFact),
    /// The name of a schema: `schema`.
    Schema(SchemaFact),
    /// The command failed. Always the last line.
    Error(ErrorFact),
}

/// A duration for machines.
#[must_use]
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
