//! Who asked and which process works on it, as lines keep it. A part of the stored format: see [`super::format`].

use serde::{Deserialize, Serialize};
use windlass_foundation::principal::{Principal, Proof};

/// Who asked, as a line keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Actor {
    /// The name: a user's, or the one that a trigger gives.
    #[serde(rename = "actor")]
    pub name: String,
    /// What proves it. None in lines of earlier agents, which keep the name alone. Those agents pass over it: it changes
    /// nothing that follows from a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
}

impl From<&Principal> for Actor {
    fn from(principal: &Principal) -> Self {
        Self { name: principal.name().to_owned(), proof: Some(principal.proof().clone()) }
    }
}

impl Actor {
    /// The principal; none where the line has the name alone.
    #[must_use]
    pub fn principal(&self) -> Option<Principal> {
        self.proof.clone().map(|proof| Principal::new(&self.name, proof))
    }

    /// The name, and what proves it where the line says so.
    #[must_use]
    pub fn sentence(&self) -> String {
        self.proof.as_ref().map_or_else(|| self.name.clone(), |proof| proof.sentence(&self.name))
    }
}

impl std::fmt::Display for Actor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// The process that works on a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Owner {
    /// Who asked.
    #[serde(flatten)]
    pub actor: Actor,
    /// The process.
    pub pid: u32,
    /// The machine's boot, from the kernel: the same pid in another boot is another process.
    pub boot: String,
    /// The version of the agent.
    pub agent: String,
}
