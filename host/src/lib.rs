//! The command line of `windlass`, as a library: `main` calls it, and the tests make the pages of `docs/` from it.
//!
//! It holds the grammar, makes a command of what was typed, and shows the answer. What a command does is in
//! `windlass_service`; the flow of a deployment is in `windlass_deployment`.

pub mod cli;
