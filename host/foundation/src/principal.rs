//! Who asks for something, and what proves that it is them.
//!
//! The name is for people and for the record. What a principal may do is decided by the proof alone: a name can come from
//! an environment variable. Nothing here looks anything up, and nothing decides what is allowed.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::names;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Principal {
    /// The name for people: one plain line.
    #[serde(deserialize_with = "plain")]
    name: String,
    /// What proves it.
    proof: Proof,
}

/// What proves who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Proof {
    /// The kernel says which user of this host the process runs as.
    LocalUser {
        /// The user's number.
        uid: u32,
    },
    /// An SSH server verified that the person has the private key.
    SshKey {
        /// `SHA256:…`, as `ssh-keygen -l` prints it.
        fingerprint: String,
        /// The number of the user of this host that the key opened a session for.
        uid: u32,
        /// The certificate that let the key in; none where it was let in by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificate: Option<Certificate>,
    },
    /// The signature or the shared secret of a trigger was verified.
    Trigger {
        /// The trigger's name in agent.toml.
        trigger: String,
        /// Who sends its events, by name: `GitHub`.
        source: String,
        /// Who did it at the sender, as the event says; none where it does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sender: Option<String>,
    },
    /// The agent by itself: a schedule, or something that it watches.
    Agent,
    /// Whoever looks at the agent's status page: nothing proves who that is, and all that they may do is look.
    Page,
}

/// Whether this is the fingerprint of an SSH key as OpenSSH prints it: `SHA256:` and 43 digits of Base64.
#[must_use]
pub fn is_fingerprint(text: &str) -> bool {
    let is_base64 = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/');
    text.strip_prefix("SHA256:").is_some_and(|hash| hash.len() == 43 && hash.bytes().all(is_base64))
}

/// A certificate of an SSH key, which an SSH server verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Certificate {
    /// The key of the authority that signed it: `SHA256:…`.
    pub authority: String,
    /// What the authority calls it; none where it has no id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl Principal {
    /// Makes a principal; the name becomes one plain line ([`names::actor`]).
    #[must_use]
    pub fn new(name: &str, proof: Proof) -> Self {
        Self { name: names::actor(name), proof }
    }

    /// The principal of an event whose sender was verified. `sender` is what the event says, and hostile.
    #[must_use]
    pub fn of_trigger(trigger: &str, source: &str, sender: Option<&str>) -> Self {
        let sender = sender.map(|sender| sender.escape_debug().to_string());
        let name = match &sender {
            Some(sender) => format!("trigger {trigger} ({source}, {sender})"),
            None => format!("trigger {trigger} ({source})"),
        };
        let proof = Proof::Trigger {
            trigger: trigger.to_owned(),
            source: source.to_owned(),
            sender: sender.map(|sender| names::actor(&sender)),
        };
        Self::new(&name, proof)
    }

    /// The agent by itself.
    #[must_use]
    pub fn agent() -> Self {
        Self::new("agent", Proof::Agent)
    }

    /// Whoever looks at the agent's status page.
    #[must_use]
    pub fn page() -> Self {
        Self::new("status page", Proof::Page)
    }

    /// The name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What proves it.
    #[must_use]
    pub fn proof(&self) -> &Proof {
        &self.proof
    }

    /// The name and what proves it: `alice (local user 0)`.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.proof.sentence(&self.name)
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl Proof {
    /// The word of its kind.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::LocalUser { .. } => "local-user",
            Self::SshKey { .. } => "ssh-key",
            Self::Trigger { .. } => "trigger",
            Self::Agent => "agent",
            Self::Page => "page",
        }
    }

    /// A name with what proves it: `alice (local user 0)`.
    #[must_use]
    pub fn sentence(&self, name: &str) -> String {
        match self {
            Self::LocalUser { uid } => format!("{name} (local user {uid})"),
            Self::SshKey { fingerprint, uid, certificate } => {
                let by = certificate.as_ref().map(|it| format!("certified by {}, ", it.authority)).unwrap_or_default();
                format!("{name} (SSH key {fingerprint}, {by}local user {uid})")
            }
            // Its name has parentheses of its own.
            Self::Trigger { .. } => format!("{name}, whose secret was verified"),
            Self::Agent => format!("{name} (the agent by itself)"),
            Self::Page => format!("{name} (whoever looks at it)"),
        }
    }
}

fn plain<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(names::actor(&String::deserialize(deserializer)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_principal_is_shown_by_its_name_and_says_what_proves_it() {
        let key = |certificate| Proof::SshKey { fingerprint: "SHA256:ab".to_owned(), uid: 1001, certificate };
        let certificate = Certificate { authority: "SHA256:cd".to_owned(), id: Some("ada@ci".to_owned()) };
        for (principal, name, sentence) in [
            (Principal::new("ada", Proof::LocalUser { uid: 0 }), "ada", "ada (local user 0)"),
            (Principal::new("ada", key(None)), "ada", "ada (SSH key SHA256:ab, local user 1001)"),
            (
                Principal::new("ada", key(Some(certificate))),
                "ada",
                "ada (SSH key SHA256:ab, certified by SHA256:cd, local user 1001)",
            ),
            (
                Principal::of_trigger("staging", "github", Some("ada")),
                "trigger staging (github, ada)",
                "trigger staging (github, ada), whose secret was verified",
            ),
            (
                Principal::of_trigger("staging", "github", None),
                "trigger staging (github)",
                "trigger staging (github), whose secret was verified",
            ),
            (Principal::new("windlass", Proof::Agent), "windlass", "windlass (the agent by itself)"),
        ] {
            assert_eq!((principal.to_string().as_str(), principal.sentence().as_str()), (name, sentence));
            let stored = serde_json::to_value(&principal).unwrap();
            assert_eq!(stored["proof"]["kind"], principal.proof().word());
            assert_eq!(serde_json::from_value::<Principal>(stored).unwrap(), principal);
        }
    }

    #[test]
    fn no_name_and_no_sender_has_more_than_one_plain_line() {
        let principal = Principal::of_trigger("t", "github", Some(&format!("a\u{1b}[31m\nroot{}", "x".repeat(1000))));
        let Proof::Trigger { sender: Some(sender), .. } = principal.proof() else { panic!("{principal:?}") };
        for text in [principal.name(), sender] {
            assert!(text.chars().count() <= 200 && !text.contains(char::is_control), "{text:?}");
        }
        let hostile = json!({ "name": "ada\n\u{1b}[1mroot", "proof": { "kind": "local-user", "uid": 1 } });
        assert_eq!(serde_json::from_value::<Principal>(hostile).unwrap().name(), "ada[1mroot");
    }
}
