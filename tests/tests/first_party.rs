//! The first-party plugins in the real sandbox, against real servers, a real engine and real files.
//!
//! Their decisions have unit tests beside them; here it is proved that they reach what they ask for, and say so when
//! they may not.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod awx;
mod command;
mod config;
mod containers;
mod git_state;
mod github;
mod host;
mod http;
mod pact;
mod support;
mod webhook;
mod written;

use windlass_config::document::Document;

use support::{PLUGINS, Sandbox};

/// A component imports what it calls: one that was compiled before a getter was added is like one that does not call it.
#[test]
fn who_does_not_ask_for_a_newer_getter_is_a_plugin_of_before() {
    let asks = |name: &str| support::component(name).windows(14).any(|bytes| bytes == b"ctx.last-facts");
    assert!(asks("recorder-pact"), "it looks after what it recorded");
    for name in PLUGINS.iter().filter(|name| **name != "recorder-pact") {
        assert!(!asks(name), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_plugin_is_admitted_and_accepts_its_own_example() {
    let sandbox = Sandbox::new("");
    for name in PLUGINS {
        let plugin = sandbox.plugin(name).await;
        assert_eq!(plugin.manifest().name, name);
        let description = plugin.description();
        assert!(!description.summary.is_empty(), "{name} says nothing about itself");
        let example: serde_json::Value =
            Document::from_text("example.toml", description.example.clone()).unwrap().decode().unwrap();
        let section = example.as_object().unwrap().values().next().unwrap();
        let entry = if section.get("plugin").is_some() {
            section
        } else {
            section.as_object().unwrap().values().next().unwrap()
        };
        assert_eq!(entry["plugin"], name);
        plugin.validate_config(&entry["with"]).await.unwrap_or_else(|failure| panic!("{name}: {}", failure.message));
    }
}
