//! The Windlass agent as a library: releases, deployments, the journal, the sandbox and what it grants.
//!
//! Modules are declared in reading order. The flow of a deployment is [`deployment::run`].
//! There is no terminal here outside `report` and `cli`, no SQL outside `journal::store`, no Wasm outside `plugin`,
//! and no Docker outside `capability::docker`.

pub mod deployment;
pub mod journal;
pub mod release;
pub mod config;
pub mod plugin;
pub mod capability;
pub mod agent;
pub mod clock;
pub mod redact;
pub mod progress;
pub mod cli;
pub mod report;
