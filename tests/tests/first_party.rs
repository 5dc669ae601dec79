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

use windlass::config::document::Document;

use support::{PLUGINS, Sandbox};

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
