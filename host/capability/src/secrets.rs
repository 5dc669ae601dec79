//! Secrets by name: their values are resolved once, before anything is touched, and put in at the last moment.
//!
//! A plugin holds placeholders. Values never reach a plugin without a `reveal` grant; every value is known to the
//! [`Redactor`] from the moment it is read. Nothing here sends or stores a value.

mod key;
mod placeholder;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use windlass_config::document::nearest;
use windlass_config::{Origin, SecretSource};
use windlass_domain::Failure;
use windlass_foundation::explain::{ExitCode, Explain};
use windlass_foundation::redact::Redactor;
use zeroize::Zeroizing;

use super::docker::SecretFiller;
use super::failure::failure;
use super::grants::{Grants, Permission};

pub use key::{HostKey, KeyError};
pub use source::SourceError;

/// Why the secrets of a deployment are not there.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// No source is configured for it.
    #[error("there is no secret `{name}`")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// A known name that is close.
        nearest: Option<String>,
    },
    /// It could not be read, or must not be used.
    #[error("the secret `{name}` cannot be used")]
    Unusable {
        /// Its name.
        name: String,
        /// Why.
        source: SourceError,
    },
}

impl Explain for SecretError {
    fn exit(&self) -> ExitCode {
        ExitCode::Configuration
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::Unknown { name, nearest: None } => {
                Some(format!("add to `agent.toml`: `[secrets.{name}]` with `file`, `environment` or `credential`"))
            }
            Self::Unusable { source, .. } => source.hint(),
        }
    }
}

/// One secret's value and its placeholder.
struct Resolved {
    value: Zeroizing<String>,
    placeholder: String,
}

/// The resolved secrets of a deployment. Values are wiped from memory with the last clone.
#[derive(Clone, Default)]
pub struct Secrets {
    resolved: Arc<BTreeMap<String, Resolved>>,
    redactor: Redactor,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.resolved.keys()).finish()
    }
}

impl Secrets {
    /// Reads all the named secrets, or none: the first that is missing or unusable is the error.
    /// Blocks for small files.
    pub fn resolve_all<'a>(
        sources: &BTreeMap<String, SecretSource>,
        names: impl IntoIterator<Item = &'a str>,
        key: &HostKey,
        redactor: &Redactor,
    ) -> Result<Self, SecretError> {
        let mut resolved = BTreeMap::new();
        for name in names.into_iter().collect::<BTreeSet<_>>() {
            let Some(source) = sources.get(name) else {
                let nearest = nearest(name, sources.keys().map(String::as_str)).map(str::to_owned);
                return Err(SecretError::Unknown { name: name.to_owned(), nearest });
            };
            let value = source::read(source, |name| std::env::var_os(name))
                .map_err(|source| SecretError::Unusable { name: name.to_owned(), source })?;
            let placeholder = placeholder::write(name, &key.fingerprint(value.as_bytes()));
            redactor.learn(&value, &placeholder);
            resolved.insert(name.to_owned(), Resolved { value, placeholder });
        }
        Ok(Self { resolved: Arc::new(resolved), redactor: redactor.clone() })
    }

    /// The names of those whose values are too short to be searched for in running text: logs can hold them.
    pub fn short(&self) -> impl Iterator<Item = &str> {
        let short = |secret: &&Resolved| windlass_foundation::redact::is_short(&secret.value);
        self.resolved.iter().filter(move |(_, secret)| short(secret)).map(|(name, _)| name.as_str())
    }

    /// The placeholder of a secret: the same as long as its value and this host's key are the same.
    #[must_use]
    pub fn placeholder(&self, name: &str) -> Option<&str> {
        self.resolved.get(name).map(|secret| secret.placeholder.as_str())
    }

    /// The value, for the host's own use: a registry's password, say.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Zeroizing<String>> {
        self.resolved.get(name).map(|secret| secret.value.clone())
    }

    /// Replaces every placeholder whose name `may` allows. A placeholder of an earlier value is replaced by the current
    /// value: a release that is restored after a secret changed must still be able to log in.
    pub fn substitute(
        &self,
        text: &str,
        may: impl Fn(&str) -> Result<(), Failure>,
    ) -> Result<Zeroizing<String>, Failure> {
        placeholder::replace(text, |name| {
            may(name)?;
            self.value(name).ok_or_else(|| not_resolved(name))
        })
    }
}

/// Whether a text holds a placeholder, well-formed or not.
#[must_use]
pub fn mentions_secret(text: &str) -> bool {
    text.contains(placeholder::OPENING)
}

/// Secrets as one plugin call sees them.
#[derive(Debug, Clone)]
pub struct PluginSecrets {
    secrets: Secrets,
    grants: Arc<Grants>,
}

impl PluginSecrets {
    /// Secrets for one plugin call.
    #[must_use]
    pub fn new(secrets: Secrets, grants: Arc<Grants>) -> Self {
        Self { secrets, grants }
    }

    /// Implements `secrets.placeholder`: returns the text that stands for the value. Needs the grant of the secret.
    #[expect(clippy::unused_async, reason = "every function of the contract is asked in the same way")]
    pub async fn placeholder(&self, name: &str) -> Result<String, Failure> {
        self.grants.check(&Permission::Secret(name.to_owned()))?;
        self.secrets.placeholder(name).map(str::to_owned).ok_or_else(|| not_resolved(name))
    }

    /// Implements `secrets.reveal`: returns the value itself. Needs the grant to reveal it.
    #[expect(clippy::unused_async, reason = "every function of the contract is asked in the same way")]
    pub async fn reveal(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.grants.check(&Permission::Reveal(name.to_owned()))?;
        let value = self.secrets.value(name).ok_or_else(|| not_resolved(name))?;
        Ok(Zeroizing::new(value.as_bytes().to_vec()))
    }

    /// Fills a text that goes into a container: every placeholder that the plugin may use.
    pub fn fill(&self, text: &str) -> Result<Zeroizing<String>, Failure> {
        self.secrets.substitute(text, |name| self.grants.check(&Permission::Secret(name.to_owned())))
    }

    /// Fills a header value that goes to a server: only secrets that are granted for it, besides being granted at all.
    pub fn fill_for(&self, text: &str, origin: &Origin) -> Result<Zeroizing<String>, Failure> {
        self.secrets.substitute(text, |name| {
            self.grants.check(&Permission::Secret(name.to_owned()))?;
            self.grants.check(&Permission::SecretTo(name.to_owned(), origin.clone()))
        })
    }

    /// The value for a text of the operator's own, such as a command's environment: no grant is asked.
    pub(super) fn for_operator(&self, name: &str) -> Result<Zeroizing<String>, Failure> {
        self.secrets.value(name).ok_or_else(|| not_resolved(name))
    }

    /// What knows the values.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.secrets.redactor
    }
}

impl SecretFiller for PluginSecrets {
    fn fill(&self, text: &str) -> Result<Zeroizing<String>, Failure> {
        Self::fill(self, text)
    }
}

fn not_resolved(name: &str) -> Failure {
    let message = format!("the secret `{name}` is not resolved for this deployment");
    failure("not-found", message).hint(format!("add to `agent.toml`: a section `[secrets.{name}]`"))
}

#[cfg(test)]
mod tests;
