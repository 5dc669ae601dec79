//! What engines learned after the oldest that is spoken to: looked for in the files, and refused by name where the API
//! in which the agent speaks to this engine does not have it. The engine would ignore it in silence.
//!
//! The bodies say it in any case: nothing is made of files that were refused.

use serde_json::Value;
use windlass_compose::{Application, Problem};

use crate::json;

/// The API in which the agent speaks to the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Api {
    version: (u32, u32),
    /// The engine, for people: `Docker 20.10.24`.
    engine: String,
}

impl Api {
    /// From the host's answer about the engine's version. A host that does not say in which API it speaks knows only
    /// the oldest.
    pub(crate) fn read(version: &Value) -> Self {
        let spoken = json::text(version, "/Spoken").and_then(|text| {
            let (major, minor) = text.split_once('.')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        });
        let number = json::text(version, "/Version").unwrap_or_default();
        Self { version: spoken.unwrap_or(OLDEST), engine: format!("Docker {number}") }
    }

    /// The oldest that is spoken, for files to which the engine does not matter.
    pub(crate) fn oldest() -> Self {
        Self { version: OLDEST, engine: "Docker 20.10".to_owned() }
    }
}

const OLDEST: (u32, u32) = (1, 41);

/// Refuses what this engine does not have.
pub(super) fn add(application: &Application, api: &Api, problems: &mut Vec<Problem>) {
    for wish in application.later().iter().filter(|wish| api.version < (1, wish.minor)) {
        let (major, minor) = api.version;
        let message = format!(
            "`{}` needs Docker's API 1.{} (Docker {}); this engine speaks {major}.{minor} ({})",
            wish.key, wish.minor, wish.docker, api.engine
        );
        problems.push(Problem::at(wish.position, message).hint("leave it out, or update the engine"));
    }
}
