//! Chores: set up, build, demonstrate, test, measure, package.
//!
//! Each command is a module. Nothing here is part of the agent.

mod agent;
mod bench;
mod demo;
mod dist;
mod fuzz;
mod guests;
mod paths;
mod process;
mod setup;
mod test;
mod tidy;

use std::process::ExitCode;

use agent::Build;
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
    /// Watch a real application being released, updated, refused, broken and put back.
    Demo,
    /// Set up what is needed and run every test.
    Test(test::Order),
    /// Measure the budgets, side by side with Docker Compose, and write docs/performance.md.
    Bench,
    /// Give what takes strangers' input whatever a fuzzer makes up: `compose`, and the directories in `host/fuzz/seeds`.
    Fuzz {
        /// Only these.
        names: Vec<String>,
        /// For how long, each.
        #[arg(long, default_value_t = 600)]
        seconds: u32,
    },
    /// Pack one self-contained agent as a tarball and as a Debian package in `target/dist`.
    Dist,
    /// Check the walls between modules and the habits of the code.
    Tidy,
    /// Build the kudos application, which the demonstration and the tests release, as a static binary.
    Kudos,
    /// Build every plugin to `target/plugins/NAME.wasm`.
    Plugins {
        /// Only these packages; all when none is named.
        names: Vec<String>,
    },
}

#[expect(clippy::print_stderr, reason = "chores talk to the person who runs them")]
fn main() -> ExitCode {
    match run(Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("caused by: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<()> {
    match chore {
        Chore::Setup => setup::ensure(setup::EVERYTHING),
        Chore::Demo => demo::run(),
        Chore::Test(order) => test::run(&order),
        Chore::Bench => bench::run(),
        Chore::Fuzz { names, seconds } => fuzz::run(&names, seconds),
        Chore::Dist => dist::pack(),
        Chore::Tidy => tidy::check(),
        Chore::Kudos => agent::kudos().map(drop),
        Chore::Plugins { names } if names.is_empty() => guests::build(&guests::packages()?, Build::Tried).map(drop),
        Chore::Plugins { names } => guests::build(&names, Build::Tried).map(drop),
    }
}
