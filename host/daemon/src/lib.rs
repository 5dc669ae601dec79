//! The agent that stays, `windlass agent`: the service behind a Unix socket, so that a deployment does not care whether its
//! caller is still there. And its client, with which the command line asks it.
//!
//! A command that came in is an [operation](operation): it runs to its end whoever listens, and everything that it tells is
//! kept, line by line, so that a caller can come back and go on reading. [`protocol`] is what goes over the socket.
//! Nothing here decides about a deployment, reads a command line or prints.

mod announcement;
mod changes;
mod chores;
mod client;
mod error;
mod event_log;
mod guard;
mod health;
mod hooks;
mod inbox;
mod metrics;
pub mod openapi;
mod operation;
mod operations;
mod page;
mod peer;
mod ports;
pub mod protocol;
mod rate;
mod routes;
mod schedule;
mod server;
mod socket;
mod stream;
mod systemd;
mod watchdog;
mod worker;

pub use announcement::{Announce, Announcement};
pub use client::Client;
pub use error::AgentError;
pub use server::serve;
pub use socket::Place;
pub use worker::work;
