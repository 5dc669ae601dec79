//! The grammar of `windlass outbox`.

use clap::{Args, Subcommand};

use windlass_api::command::ApplicationRef;

/// Arguments of `outbox`.
#[derive(Debug, Clone, Args)]
#[command(arg_required_else_help = true)]
pub struct OutboxArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: OutboxCommand,
}

/// A command of `outbox`.
#[derive(Debug, Clone, Subcommand)]
pub enum OutboxCommand {
    /// List what recorders were not told: what waits, and what is set aside
    #[command(after_help = "Examples:\n  windlass outbox list\n  windlass outbox list kudos --json")]
    List {
        /// The application; without one, all
        #[arg(value_name = "APP")]
        app: Option<ApplicationRef>,
    },
    /// Tell recorders what they were not told yet, without waiting for the time of the next attempt
    #[command(after_help = "\
Examples:
  windlass outbox flush                         All applications of this host
  windlass outbox flush kudos

Exit codes: 0 all were told, 15 something waits or is set aside")]
    Flush {
        /// The application; without one, all
        #[arg(value_name = "APP")]
        app: Option<ApplicationRef>,
    },
    /// Let an event that was set aside wait again, if its recorder was told nothing later
    #[command(after_help = "\
Examples:
  windlass outbox retry 12                      Then `windlass outbox flush` tells it now

An event that was overtaken by a later one is not told again: it would take the place of what is newer.
To have a recorder look and repair its record, deploy the running release again (it is `unchanged`).")]
    Retry {
        /// Its number in `outbox list`
        #[arg(value_name = "NUMBER")]
        number: i64,
    },
    /// Give one event up: one that waits, or one that was set aside and that you have seen
    #[command(after_help = "Examples:\n  windlass outbox drop 12 --reason 'the repository is gone for good'")]
    Drop {
        /// Its number in `outbox list`
        #[arg(value_name = "NUMBER")]
        number: i64,
        /// Why, for the record
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}
