//! What a plugin may reach, one module per import of the contract.
//!
//! Everything here is plain asynchronous Rust: one method per function in `wit/`, JSON as [`serde_json::Value`], errors
//! as [`Failure`](windlass_domain::Failure). The sandbox adapts it to WebAssembly, of which nothing is known here. What
//! is allowed is decided in [`grants`] and nowhere else; each module asks there before it does anything. No plugin is loaded
//! or called here, and nothing of a deployment is decided.

pub mod docker;
pub mod exec;
mod failure;
pub mod files;
pub mod grants;
pub mod http;
pub mod log;
pub mod registry;
pub mod secrets;
pub mod state;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use windlass_foundation::call::CallContext;
use windlass_foundation::identity::{Identity, Kind};

pub use grants::Grants;

/// The plugin that a capability is used by, and what for.
#[derive(Debug, Clone)]
pub struct Scope {
    /// What the plugin is called about, or would be.
    pub about: Arc<CallContext>,
    /// Which plugin.
    pub plugin: Identity,
    /// Whether the agent carries it. Grants without a digest are for such plugins only.
    pub bundled: bool,
    /// What the plugin is for.
    pub kind: Kind,
}

/// Everything that one plugin call can reach, one field per import of the contract.
///
/// A fresh one is made for every call, so that budgets are per call. Clones share budgets.
#[derive(Debug, Clone)]
pub struct Capabilities {
    /// What the plugin may do: the grants of the operator, limited to what its manifest asks for and its kind may have.
    pub grants: Arc<Grants>,
    /// The Docker Engine; none where there is none, and every call fails then.
    pub docker: Option<docker::Docker>,
    /// HTTP servers.
    pub http: http::Http,
    /// Directories.
    pub files: files::Files,
    /// Secrets, without their values.
    pub secrets: secrets::PluginSecrets,
    /// The operator's commands.
    pub exec: exec::Exec,
    /// The plugin's own store.
    pub state: state::State,
    /// Image registries.
    pub registry: registry::Registry,
    /// What the plugin says.
    pub log: log::Log,
}

impl Capabilities {
    /// Nothing at all, for `describe` at admission: every call fails, and what is logged is kept in the tail only.
    #[must_use]
    pub fn nothing(scope: Scope) -> Self {
        let grants = Arc::new(Grants::nothing(scope));
        let redactor = windlass_foundation::redact::Redactor::new();
        let secrets = secrets::PluginSecrets::new(secrets::Secrets::default(), Arc::clone(&grants));
        let log = log::Log::new(
            grants.scope().plugin.name.clone(),
            log::LogLimits::default(),
            Arc::new(windlass_foundation::progress::Unwatched),
            redactor,
        );
        Self {
            docker: None,
            http: http::Http::new(
                Arc::clone(&grants),
                http::Clients::default(),
                http::HttpLimits::default(),
                secrets.clone(),
                log.clone(),
            ),
            files: files::Files::new(Arc::clone(&grants), None),
            exec: exec::Exec::new(Arc::clone(&grants), Arc::default(), secrets.clone()),
            state: state::State::new(Arc::clone(&grants), Arc::new(state::NoState)),
            registry: registry::Registry::new(Arc::clone(&grants), Arc::new(registry::NoRegistries)),
            secrets,
            log,
            grants,
        }
    }
}
