//! The grammar of `windlass freeze` and `windlass unfreeze`.

use clap::Args;

use crate::cli::target::Target;

/// Arguments of `freeze`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass freeze kudos --reason 'the sale runs until Monday'
  windlass deploy kudos --break-glass 'the login is broken'    Deploy once all the same

What runs goes on running. A deployment that is open already is not stopped.")]
pub struct FreezeArguments {
    /// The application's name
    #[arg(value_name = "APP")]
    pub app: Target,
    /// Why; whoever is refused reads it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Arguments of `unfreeze`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  windlass unfreeze kudos")]
pub struct UnfreezeArguments {
    /// The application's name
    #[arg(value_name = "APP")]
    pub app: Target,
}
