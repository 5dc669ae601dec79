//! Admission: everything that must be true of a plugin before any of its code works for a deployment.
//!
//! Once per plugin and host: the whole file is validated and its imports are compared with its kind's world, it is
//! compiled in a child process, and it describes itself in an empty sandbox. The result is kept, sealed; from then on
//! only the digest and the seals are looked at.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use windlass_config::Limits;
use windlass_domain::Failure;
use windlass_foundation::explain::{ExitCode, Explain};
use windlass_foundation::identity::{Identity, Kind};
use windlass_foundation::redact::Redactor;
use windlass_release::registry::RegistryError;

use super::cache::{Cache, CacheError};
use super::call::Caller;
use super::engine::Runtime;
use super::inspect::{self, InspectError};
use super::limits::bytes;
use super::program::{PluginFunction, Program, Returned};
use super::pulled::Pulled;
use super::store::{PluginStore, Record};
use super::text::{beginning, plain};
use super::wasm::Wasm;
use super::{convert, schema};

/// The longest message about a file's insides that is repeated, in bytes: it quotes them.
const LONGEST_REASON: usize = 2_000;

/// What a plugin's `describe` says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The JSON Schema of its `with` table.
    pub config: Value,
    /// What it does, in a line or two.
    #[serde(default)]
    pub summary: String,
    /// An example of its part of a release file, TOML.
    #[serde(default)]
    pub example: String,
}

/// A plugin is not admitted.
#[derive(Debug, thiserror::Error)]
#[error("the plugin {plugin} cannot be used")]
pub struct AdmissionError {
    /// What the release calls it.
    pub plugin: String,
    /// Why.
    #[source]
    pub cause: Refusal,
}

/// Why a plugin is not admitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The engine itself cannot be started.
    #[error("the sandbox cannot be started: {0}")]
    Engine(String),
    /// The agent carries no plugin of that name.
    #[error("this agent carries no plugin of that name; it carries {}", words(known))]
    Unknown {
        /// Those that it carries.
        known: Vec<String>,
        /// The one that is spelled most like it.
        nearest: Option<String>,
    },
    /// Its file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The copy in the agent's binary cannot be unpacked.
    #[error("the copy that this agent carries is damaged")]
    Damaged(#[source] io::Error),
    /// Its file is outside of the bundle.
    #[error("`{0}` is not a path below the release file's directory")]
    Outside(String),
    /// Its file is too large.
    #[error("it has {}; a plugin may have {} (limit `plugin-size`)", bytes(*size), bytes(*allowed))]
    Large {
        /// Its size.
        size: u64,
        /// The largest size.
        allowed: u64,
    },
    /// The file is not a plugin.
    #[error(transparent)]
    Inspect(#[from] InspectError),
    /// It is of another kind than it is used as.
    #[error("it is a {actual}, but the release uses it as a {wanted}")]
    Kind {
        /// What it is.
        actual: Kind,
        /// What it is used as.
        wanted: Kind,
    },
    /// It could not be compiled, or the result could not be kept.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// It does not name a component at a registry.
    #[error("{0}")]
    Reference(String),
    /// Its registry does not give it.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// It was not pulled before.
    #[error("it is not in the state directory any more")]
    NotPulled,
    /// Its types are not those of the contract.
    #[error("it does not fit the contract: {0}")]
    Link(String),
    /// It could not describe itself.
    #[error("it cannot describe itself: {}", .0.message)]
    Describe(Failure),
    /// What it says about itself cannot be used.
    #[error("{0}")]
    Description(String),
    /// It cannot be kept in the state directory.
    #[error("cannot keep it in the state directory")]
    Keep(#[source] io::Error),
}

fn words(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

impl Explain for AdmissionError {
    fn exit(&self) -> ExitCode {
        match &self.cause {
            Refusal::Unknown { .. } => ExitCode::NotFound,
            Refusal::Engine(_) | Refusal::Damaged(_) => ExitCode::Unexpected,
            Refusal::Registry(error) => error.exit(),
            _ => ExitCode::Configuration,
        }
    }

    fn hint(&self) -> Option<String> {
        match &self.cause {
            Refusal::Unknown { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Refusal::Unknown { .. } => {
                Some("a plugin of your own is named by its file: `./checks/ours.wasm`".to_owned())
            }
            Refusal::Registry(error) => error.hint(),
            Refusal::Damaged(_) => Some("install the agent again: its binary is damaged".to_owned()),
            Refusal::Inspect(InspectError::CoreModule) => {
                Some("`rustup target add wasm32-wasip2`, then `cargo build --target wasm32-wasip2`".to_owned())
            }
            Refusal::Inspect(InspectError::Manifest(_)) => Some(
                "the SDK's `export!` writes the manifest; for other languages `windlass plugin build` puts it in"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// A plugin that was admitted, with everything that calls need.
pub(super) struct Admitted {
    pub(super) identity: Identity,
    pub(super) record: Record,
    pub(super) program: Program,
}

/// Admits plugins.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) runtime: Runtime,
    pub(super) limits: Arc<Limits>,
    pub(super) store: PluginStore,
    pub(super) pulled: Pulled,
    pub(super) cache: Cache,
    pub(super) compiler: PathBuf,
    pub(super) redactor: Redactor,
}

impl Gate {
    /// Admits a component. `wanted` none accepts every kind.
    pub(super) async fn admit(&self, wasm: &Wasm<'_>, wanted: Option<Kind>) -> Result<Admitted, Refusal> {
        let (digest, size) = (wasm.digest.as_ref(), wasm.size);
        if size > self.limits.plugin_size {
            return Err(Refusal::Large { size, allowed: self.limits.plugin_size });
        }
        let known = self.store.record(digest);
        let manifest = match &known {
            Some(record) => record.manifest.clone(),
            None => inspect::inspect(wasm.bytes()?)?,
        };
        if let Some(wanted) = wanted
            && wanted != manifest.kind
        {
            return Err(Refusal::Kind { actual: manifest.kind, wanted });
        }
        let component = self.cache.load(&self.runtime, wasm, &self.compiler, &self.limits).await?;
        let program = Program::link(self.runtime.engine(), &component, manifest.kind)
            .map_err(|error| Refusal::Link(beginning(&plain(&format!("{error:#}")), LONGEST_REASON)))?;
        let identity =
            Identity { name: manifest.name.clone(), version: manifest.version.clone(), digest: digest.to_owned() };
        let record = if let Some(record) = known {
            record
        } else {
            let description = self.describe(&identity, &program).await?;
            schema::compile(description.config.clone(), &self.limits)
                .await
                .map_err(|error| Refusal::Description(format!("the schema of its configuration {error}")))?;
            let record = Record::new(manifest, description);
            self.store.keep(&identity.digest, wasm.bytes()?).map_err(Refusal::Keep)?;
            self.store.keep_record(&identity.digest, &record).map_err(Refusal::Keep)?;
            record
        };
        Ok(Admitted { identity, record, program })
    }

    /// What is in a description. The error is a sentence.
    fn described(&self, text: &str) -> Result<Description, String> {
        let too_long = |what: &str, length: usize, limit: &str, most: u64| {
            Err(format!("{what} has {length} bytes (limit `{limit}` = {})", bytes(most)))
        };
        // The schema itself is measured more closely later, and is most of it.
        let (most, limits) = (self.limits.config_schema.saturating_mul(4), &self.limits);
        if text.len() as u64 > most {
            return too_long("its description", text.len(), "config-schema", limits.config_schema);
        }
        let description: Description = convert::document("description", text)?;
        for (what, text) in [("its summary", &description.summary), ("its example", &description.example)] {
            if text.len() as u64 > limits.text {
                return too_long(what, text.len(), "text", limits.text);
            }
        }
        Ok(description)
    }

    async fn describe(&self, identity: &Identity, program: &Program) -> Result<Description, Refusal> {
        let caller =
            Caller { runtime: &self.runtime, identity, program, limits: &self.limits, redactor: &self.redactor };
        match caller.ask(PluginFunction::Describe, None).await {
            Ok(Returned::Text(text)) => self.described(&text).map_err(Refusal::Description),
            Ok(_) => Err(Refusal::Description("its description is not text".to_owned())),
            Err(failure) => Err(Refusal::Describe(failure)),
        }
    }
}
