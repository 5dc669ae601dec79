//! An event that was judged: its sender is proved, and it is known what it starts here.
//!
//! Such an event can be kept and carried out later. It holds no secret and nothing of its message but the values of its fields.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use windlass_foundation::principal::Principal;

use super::Fields;

/// An event that starts a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Event {
    /// The trigger's name in `agent.toml`.
    pub trigger: String,
    /// Who it acts for: the trigger, with who did it at the sender.
    pub principal: Principal,
    /// What it is about.
    pub fields: Fields,
    /// The command, with the event's values in it.
    pub command: Vec<String>,
    /// What identifies it while it is remembered.
    pub key: String,
}

/// What an event means here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Nothing, and why.
    Unwanted(String),
    /// It was acted on at this time, and is remembered.
    Before(Event, Timestamp),
    /// It starts something.
    Wanted(Event),
}
