//! The Windlass agent as a library: releases, deployments, the journal, the sandbox and what it grants.
//!
//! Modules are declared in reading order. The flow of a deployment is [`deployment::run`].
//! There is no terminal here outside `report` and `cli`, no SQL outside `journal::store`, no Wasm outside `plugin`,
//! and no Docker outside `capability::docker`.

mod account;
mod addresses;
pub mod agent;
mod blocking;
mod canonical;
pub mod capability;
pub mod cli;
pub mod clock;
pub mod config;
pub mod deployment;
pub mod explain;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod hooks;
pub mod identity;
pub mod init;
pub mod journal;
pub mod names;
pub mod plugin;
pub mod private;
pub mod process;
pub mod progress;
pub mod redact;
pub mod regular;
pub mod release;
pub mod report;
pub mod signature;
pub mod trigger;
