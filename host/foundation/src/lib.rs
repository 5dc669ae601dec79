//! What every layer of the agent needs and none of them is: what an error says and how the process ends, what a
//! call of a plugin is about, names, time, files that are the agent's own, texts without the values of secrets, signatures.
//!
//! Nothing here carries out a deployment, reads a configuration, talks to an engine or a server, or prints.

pub mod account;
pub mod addresses;
pub mod blocking;
pub mod call;
pub mod canonical;
pub mod clock;
pub mod explain;
pub mod flock;
pub mod hooks;
pub mod identity;
pub mod names;
pub mod principal;
pub mod private;
pub mod process;
pub mod progress;
pub mod redact;
pub mod regular;
pub mod signature;
pub mod tally;
pub mod words;
