//! The grammar of `windlass outbox`.

use clap::{Args, Subcommand};

use crate::cli::target::Target;

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
    /// List what recorders were not told yet
    #[command(after_help = "Examples:\n  windlass outbox list\n  windlass outbox list kudos --json")]
    List {
        /// The application; without one, all
        #[arg(value_name = "APP")]
        app: Option<Target>,
    },
    /// Tell recorders what they were not told yet, without waiting for the time of the next attempt
    #[command(after_help = "\
Examples:
  windlass outbox flush                         All applications of this host
  windlass outbox flush kudos

Exit codes: 0 all were told, 15 some could not be reached and are told later")]
    Flush {
        /// The application; without one, all
        #[arg(value_name = "APP")]
        app: Option<Target>,
    },
    /// Give up telling a recorder one event, so that what comes after it can be told
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
