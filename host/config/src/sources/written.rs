//! `[trigger-sources.NAME]` as it is written. What it means is in `read`.
//!
//! The comments here are the descriptions in the JSON Schema.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::document::Spot;
use crate::units::Span;

/// A sender of events: how it proves itself, and where the fields of an event are in its body.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TriggerSource {
    /// What messages and the history call the sender; the name of the section when left out. A `the ` at the beginning
    /// is for sentences only.
    #[serde(default)]
    pub(crate) title: Option<Spot<String>>,
    /// How the sender proves itself.
    pub(crate) proof: Spot<TriggerProof>,
    /// Where the event's name is, which becomes the field `event`.
    #[serde(default)]
    pub(crate) event: Option<Spot<TriggerEvent>>,
    /// Where fields are. A name may be there several times: the first entry that gives a value counts.
    #[serde(default)]
    pub(crate) fields: Vec<Spot<TriggerField>>,
    /// Make every text and number at the top of the body a field, too, except for names that are in `fields`.
    #[serde(default)]
    pub(crate) top_level: bool,
    /// The field that names the repository of the branch and the commit. An event that has it, with another value than
    /// the field `repository`, is of a fork, and is ignored by triggers whose `when` does not speak of this field.
    #[serde(default)]
    pub(crate) head: Option<Spot<String>>,
    /// How long an event is remembered, so that the same one starts nothing again; at least 1 minute.
    pub(crate) remember: Spot<Span>,
    /// Fields that say which one of its kind an event is. One that has any of them is remembered for `remember-unique`.
    #[serde(default)]
    pub(crate) unique: Vec<Spot<String>>,
    /// How long an event with a field of `unique` is remembered.
    #[serde(default)]
    pub(crate) remember_unique: Option<Spot<Span>>,
}

/// How a sender proves that it knows the secret.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TriggerProof {
    /// What the header holds.
    pub(crate) scheme: Scheme,
    /// The header.
    pub(crate) header: Spot<String>,
    /// For `hmac-sha256`: what stands before the digits, `sha256=` for example; nothing when left out.
    #[serde(default)]
    pub(crate) prefix: Option<Spot<String>>,
    /// For `hmac-sha256`: how the digits are written; `hex` when left out.
    #[serde(default)]
    pub(crate) encoding: Option<Spot<Encoding>>,
}

/// What the header of a proof holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// The HMAC-SHA256 of the body with the secret as its key.
    HmacSha256,
    /// The secret as it is.
    Secret,
}

/// How the digits of a signature are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Hexadecimal digits, large or small.
    Hex,
    /// Base64 with `+` and `/`, and with `=` at the end where it is needed.
    Base64,
}

/// Where the event's name is: one of these.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct TriggerEvent {
    /// A header. Headers are not signed: no rule about forks may depend on it.
    pub(crate) header: Option<Spot<String>>,
    /// JSON pointers into the body, tried in this order.
    pub(crate) pointers: Vec<Spot<String>>,
}

/// One way to a field of an event.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TriggerField {
    /// The field's name in `when` and `run` of a trigger.
    pub(crate) name: Spot<String>,
    /// JSON pointers into the body, tried in this order; the first text counts that is not empty.
    #[serde(default)]
    pub(crate) pointers: Vec<Spot<String>>,
    /// What the text must begin with; it is taken off.
    #[serde(default)]
    pub(crate) prefix: Option<Spot<String>>,
    /// Use this entry only for events of which this holds.
    #[serde(default)]
    pub(crate) when: Option<Spot<TriggerCondition>>,
    /// An expression: texts that match it as a whole, without the prefix, count as none.
    #[serde(default)]
    pub(crate) absent: Option<Spot<String>>,
    /// Take a number for a text.
    #[serde(default)]
    pub(crate) numbers: bool,
    /// The value when no pointer gives one and `when` holds.
    #[serde(default)]
    pub(crate) otherwise: Option<Spot<String>>,
}

/// What must hold of an event. With `pointer` alone: something is there, even `null`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct TriggerCondition {
    /// A JSON pointer into the body.
    pub(crate) pointer: Spot<String>,
    /// An expression that the text, the number, `true` or `false` there must match as a whole.
    #[serde(default)]
    pub(crate) is: Option<Spot<String>>,
    /// Another JSON pointer: the same text or number must be in both places.
    #[serde(default)]
    pub(crate) same_as: Option<Spot<String>>,
}
