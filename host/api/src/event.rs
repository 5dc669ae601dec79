//! What a caller hears while its command runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use windlass_foundation::progress::ProgressEvent;

use crate::answer::Answer;
use crate::facts::TriggerFact;

/// Something that a caller hears before the reply. It is never the record: the record is the journal.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "value", rename_all = "kebab-case")]
pub enum CommandEvent {
    /// Something happened in a deployment, a plan or a check.
    Progress(Box<ProgressEvent>),
    /// What is done now takes longer than usual: what it is.
    Busy(String),
    /// What was done, in a sentence.
    Note(String),
    /// What a person should know, and what changes nothing about the answer.
    Warning(String),
    /// An event from outside starts a command, whose own events and answer follow.
    Triggered(TriggerFact),
    /// A part of the command has ended: one of several deployments that are resumed.
    Part(Box<Answer>),
}
