//! Who asked, as a fact.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use windlass_foundation::principal::{Principal, Proof};

/// Who asked for something, and what proves that it was them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PrincipalFact {
    /// The name, for people. It proves nothing: of a user of this host it may come from the environment.
    pub name: String,
    /// What proves who it is: `local-user`, the kernel of this host; `ssh-key`, an SSH server that verified the key;
    /// `trigger`, the secret of a trigger that was verified; `agent`, the agent by itself.
    pub proof: String,
    /// The number of the user of this host; for `local-user` and `ssh-key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The key, `SHA256:…`; for `ssh-key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The authority that certified the key, `SHA256:…`; for `ssh-key`, where a certificate let it in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// What the authority calls the certificate; for `ssh-key`, where it has an id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The trigger's name in agent.toml; for `trigger`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// Who sends the trigger's events, by name, such as `GitHub`; for `trigger`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Who did it at the sender, as the event says; for `trigger`, where the event says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// The name and what proves it in words: `alice (local user 0)`.
    pub sentence: String,
}

impl PrincipalFact {
    /// A person with what proves it; the name alone where an earlier agent recorded it.
    #[must_use]
    pub fn sentence<'a>(principal: Option<&'a Self>, name: &'a str) -> &'a str {
        principal.map_or(name, |principal| &principal.sentence)
    }
}

impl From<&Principal> for PrincipalFact {
    fn from(principal: &Principal) -> Self {
        let mut fact = Self {
            name: principal.name().to_owned(),
            proof: principal.proof().word().to_owned(),
            uid: None,
            fingerprint: None,
            authority: None,
            certificate: None,
            trigger: None,
            source: None,
            sender: None,
            sentence: principal.sentence(),
        };
        match principal.proof().clone() {
            Proof::LocalUser { uid } => fact.uid = Some(uid),
            Proof::SshKey { fingerprint, uid, certificate } => {
                (fact.fingerprint, fact.uid) = (Some(fingerprint), Some(uid));
                if let Some(certificate) = certificate {
                    (fact.authority, fact.certificate) = (Some(certificate.authority), certificate.id);
                }
            }
            Proof::Trigger { trigger, source, sender } => {
                (fact.trigger, fact.source, fact.sender) = (Some(trigger), Some(source), sender);
            }
            Proof::Agent | Proof::Page => {}
        }
        fact
    }
}
