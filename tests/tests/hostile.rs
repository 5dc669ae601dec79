//! Hostile plugins, each a real component, against the sandbox: each ends in a clear message, and the agent goes on.
//!
//! What a plugin may do to the engine is in `docker_capability`; who may reach which server is also in the tests of
//! `windlass_capability::http`. Here the plugin itself tries; what a team's files and other users of the host try on a whole agent
//! is in `host`.

pub(crate) mod support;

mod admission;
mod cache;
mod host;
mod limits;
mod plans;
mod reach;
pub(crate) mod schemas;
