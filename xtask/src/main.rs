//! Chores: set up, build, demonstrate, test, measure, package.
//!
//! Each command is a module. Nothing here is part of the agent.

mod guests;
mod paths;
mod process;
mod setup;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Chores of the Windlass repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install and start what the other chores need, and say what is done.
    Setup,
    /// Build every plugin to `target/plugins/NAME.wasm`.
    Plugins {
        /// Only these packages; all when none is named.
        names: Vec<String>,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().chore {
        Chore::Setup => setup::ensure(setup::EVERYTHING),
        Chore::Plugins { names } => guests::build(&names).map(drop),
    }
}
