//! Events from outside: read, authenticated, and turned into a command that the operator wrote down.
//!
//! An event can choose nothing but the values of `{field}` in that command. What carries it here (a web server, CI over
//! ssh) is not known: it arrives as the header lines and the body of an HTTP request.

mod event;
mod fields;
pub mod message;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use windlass_config::Trigger;
use windlass_config::sources::{Encoding, Proof, REPOSITORY};
use windlass_foundation::explain::{ExitCode, Explain};

pub use event::{Event, Heard};
pub use message::Message;

/// The longest value that goes into a command.
const LONGEST: usize = 256;

/// Why an event starts nothing.
#[derive(Debug, thiserror::Error)]
pub enum TriggerError {
    /// The operator's file has no such trigger.
    #[error("there is no trigger `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// It could not be read.
    #[error("the event cannot be read")]
    Unreadable(#[source] std::io::Error),
    /// It is no HTTP message.
    #[error("the event is not what an HTTP request has: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// It proves nothing about its sender.
    #[error("the event has no `{header}`")]
    Unsigned {
        /// Where the proof would be.
        header: String,
    },
    /// The event does not come from the expected sender: its proof is wrong.
    #[error("the event is not from {from}: its `{header}` is wrong")]
    NotAuthentic {
        /// Who should have sent it.
        from: String,
        /// Where the proof is.
        header: String,
    },
    /// Its body is not what the sender documents.
    #[error("the event's body cannot be understood: {reason}")]
    Body {
        /// What is wrong.
        reason: String,
    },
    /// The command needs what the event has not.
    #[error("the command needs `{{{field}}}`, and the event has only {known}")]
    Missing {
        /// The field.
        field: String,
        /// Those that it has.
        known: String,
    },
    /// A value could mean something else in a command.
    #[error("the event's `{field}` is not used: it is too long or has characters that no such value has")]
    Value {
        /// The field.
        field: String,
    },
    /// What the operator wrote is no command.
    #[error("`run` of the trigger `{name}` is not a command")]
    Command {
        /// The trigger.
        name: String,
        /// What the command line says about it.
        reason: String,
    },
}

impl Explain for TriggerError {
    fn exit(&self) -> ExitCode {
        match self {
            Self::Unknown { .. } => ExitCode::NotFound,
            Self::Unreadable(_) | Self::Malformed { .. } => ExitCode::Usage,
            Self::Command { .. } => ExitCode::Configuration,
            Self::Unsigned { .. }
            | Self::NotAuthentic { .. }
            | Self::Body { .. }
            | Self::Missing { .. }
            | Self::Value { .. } => ExitCode::Refused,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { name, known } if known.is_empty() => {
                Some(format!("add a section `[triggers.{name}]` to agent.toml"))
            }
            Self::Unknown { known, .. } => Some(format!("there are `{}`", known.join("`, `"))),
            Self::Malformed { .. } => {
                Some("give the header lines, an empty line and the body on standard input".to_owned())
            }
            Self::Unsigned { .. } => Some("set the secret of the webhook where it is sent".to_owned()),
            Self::NotAuthentic { .. } => {
                Some("the webhook and the agent have different secrets, or the body was changed on the way".to_owned())
            }
            Self::Command { reason, .. } => Some(reason.clone()),
            Self::Unreadable(_) | Self::Body { .. } | Self::Missing { .. } | Self::Value { .. } => None,
        }
    }
}

/// What an event is about, by name.
pub type Fields = BTreeMap<String, String>;

/// Whether the message is from the sender, who shares the secret.
pub fn authenticate(trigger: &Trigger, message: &Message, secret: &str) -> Result<(), TriggerError> {
    let (header, is_proved) = match &trigger.from.proof {
        Proof::Signature { header, prefix, encoding } => {
            let digits = proof(message, header)?.strip_prefix(prefix.as_str()).unwrap_or_default();
            let bytes = match encoding {
                Encoding::Hex => hex::decode(digits).unwrap_or_default(),
                Encoding::Base64 => BASE64.decode(digits).unwrap_or_default(),
            };
            (header, mac(secret, &message.body).is_some_and(|mac| mac.verify_slice(&bytes).is_ok()))
        }
        Proof::Secret { header } => {
            let given = proof(message, header)?;
            // Both through the same function, so that the time it takes says nothing about where they differ.
            let expected = mac(secret, secret.as_bytes()).map(|mac| mac.finalize().into_bytes());
            let is_equal = expected.is_some_and(|expected| {
                mac(secret, given.as_bytes()).is_some_and(|mac| mac.verify_slice(&expected).is_ok())
            });
            (header, is_equal)
        }
    };
    if is_proved {
        return Ok(());
    }
    Err(TriggerError::NotAuthentic { from: trigger.from.title.clone(), header: header.clone() })
}

fn proof<'a>(message: &'a Message, header: &str) -> Result<&'a str, TriggerError> {
    message.header(header)?.ok_or_else(|| TriggerError::Unsigned { header: header.to_owned() })
}

fn mac(key: &str, content: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(content);
    Some(mac)
}

/// How long an event is remembered: until then the same one starts nothing again.
#[must_use]
pub fn window(trigger: &Trigger, fields: &Fields) -> Duration {
    let usual = match &trigger.from.unique {
        Some((names, unique)) if names.iter().any(|name| fields.contains_key(name)) => *unique,
        _ => trigger.from.remember,
    };
    trigger.remember.unwrap_or(usual)
}

/// The key that identifies an event while it is remembered. Only the body counts: no sender signs the headers.
#[must_use]
pub fn key(message: &Message) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(&message.body)))
}

/// What the event is about.
pub fn fields(trigger: &Trigger, message: &Message) -> Result<Fields, TriggerError> {
    fields::of(&trigger.from, message)
}

/// Returns the reason why a trigger does not react to the event; none when it does.
///
/// An event from a fork is wanted only by a trigger whose `when` names the field that identifies the fork.
#[must_use]
pub fn unwanted(trigger: &Trigger, fields: &Fields) -> Option<String> {
    if let Some(name) = trigger.from.head.as_ref().filter(|name| !trigger.when.contains_key(*name))
        && let Some(head) = fields.get(name)
        && fields.get(REPOSITORY) != Some(head)
    {
        return Some(format!("its {name} is `{}`, which is not its {REPOSITORY}", head.escape_debug()));
    }
    trigger.when.iter().find_map(|(field, pattern)| match fields.get(field) {
        Some(value) if pattern.is_match(value) => None,
        Some(value) => Some(format!("its {field} is `{}`", value.escape_debug())),
        None => Some(format!("it has no {field}")),
    })
}

/// The command with the event's values in it.
pub fn command(trigger: &Trigger, fields: &Fields) -> Result<Vec<String>, TriggerError> {
    trigger.run.iter().map(|argument| fill(argument, fields)).collect()
}

fn fill(argument: &str, fields: &Fields) -> Result<String, TriggerError> {
    let mut filled = String::new();
    let mut rest = argument;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((field, after)) = after.split_once('}') else { break };
        let value = fields.get(field).ok_or_else(|| TriggerError::Missing {
            field: field.to_owned(),
            known: format!("`{}`", fields.keys().map(String::as_str).collect::<Vec<_>>().join("`, `")),
        })?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:+ ".contains(c);
        if value.is_empty() || value.len() > LONGEST || value.starts_with('-') || !value.chars().all(plain) {
            return Err(TriggerError::Value { field: field.to_owned() });
        }
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests;
