//! The command line of `windlass`, as a library: `main` calls it, and the tests make the pages of `docs/` from it.
//!
//! It holds the grammar and turns answers into facts for the printer. What a command does is in the crates below:
//! `windlass_service` has the agent that it opens, `windlass_deployment` the flow of a deployment.

pub mod cli;
