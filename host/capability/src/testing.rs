//! What the tests of capabilities share: a scope, and grants as an operator would write them.

use std::sync::{Arc, Mutex};

use windlass_config::Config;
use windlass_config::document::Document;
use windlass_foundation::call::CallContext;
use windlass_foundation::identity::{Ask, Identity, Kind};
use windlass_foundation::progress::{Progress, Watch};

use super::{Grants, Scope};

/// A bundled plugin of a kind, at work for the application `kudos`.
pub(super) fn scope(kind: Kind) -> Scope {
    let about = CallContext {
        application: "kudos".to_owned(),
        deployment: "d1".to_owned(),
        environment: "uat".to_owned(),
        ..CallContext::default()
    };
    Scope {
        about: Arc::new(about),
        plugin: Identity {
            name: "check-ours".to_owned(),
            version: "1.2.3".to_owned(),
            digest: format!("sha256:{}", "ab".repeat(32)),
        },
        bundled: true,
        kind,
    }
}

/// A plugin that asks for everything.
pub(super) fn asks() -> Vec<Ask> {
    let names = ["docker-read", "docker-write", "http", "secrets", "reveal", "exec", "registry", "state"];
    let ask = |name: &str| Ask {
        name: name.to_owned(),
        reason: "test".to_owned(),
        root: None,
        write: false,
        optional: false,
    };
    let mut asks: Vec<Ask> = names.map(ask).into();
    asks.push(Ask { write: true, ..ask("files") });
    asks
}

/// The operator's file.
pub(super) fn config(text: &str) -> Config {
    let document = Document::from_text("/etc/windlass/agent.toml", text).unwrap();
    Config::resolve(&document).unwrap()
}

/// What the operator's file gives a plugin that asks for everything.
pub(super) fn grants(kind: Kind, agent: &str) -> Arc<Grants> {
    Arc::new(Grants::decide(scope(kind), &asks(), &config(agent).grants))
}

/// Keeps every line of the log.
#[derive(Default)]
pub(super) struct Seen(pub(super) Mutex<Vec<String>>);

impl Watch for Seen {
    fn notice(&self, progress: &Progress) {
        if let Progress::Log { message, .. } = progress {
            self.0.lock().unwrap().push(message.clone());
        }
    }
}
