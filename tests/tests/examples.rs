//! The processes of `docs/examples`, each with its own files, run against real servers: a Docker Engine, a registry, sshd
//! and git. Pact Broker, GitHub and chat are stand-ins that speak their protocols.

#![expect(clippy::unwrap_used, reason = "tests stop at the first thing that is not as it should be")]

mod ground;
mod microservices;
mod monorepo;
mod stack;
mod web_application;
