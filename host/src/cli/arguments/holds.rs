//! The grammar of what holds deployments back: `freeze`, `pin`, `quarantine`, and what lifts each.

use clap::Args;

use super::deploy::earlier;
use windlass_api::command::ApplicationRef;

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
    pub app: ApplicationRef,
    /// The reason; every refusal shows it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Arguments of `unfreeze`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  windlass unfreeze kudos")]
pub struct UnfreezeArguments {
    /// The application's name
    #[arg(value_name = "APP")]
    pub app: ApplicationRef,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Arguments of `pin`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass pin kudos --reason 'v3 waits for the auditors'              What runs stays
  windlass pin kudos v1 --reason 'v2 loses orders'                     Only v1 may be deployed
  windlass rollback kudos --to v1 --pin --reason 'v2 loses orders'     Go back, and stay there

Every other release is refused, and `status` shows the pin, until `windlass unpin`.")]
pub struct PinArguments {
    /// The application's name
    #[arg(value_name = "APP")]
    pub app: ApplicationRef,
    /// A release that succeeded here: the id of a deployment, a commit or a version; without it, what runs
    #[arg(value_name = "DEPLOYMENT|COMMIT|VERSION", value_parser = earlier)]
    pub to: Option<String>,
    /// The reason; every refusal shows it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Arguments of `unpin`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  windlass unpin kudos --reason 'v2.1 keeps its orders'")]
pub struct UnpinArguments {
    /// The application's name
    #[arg(value_name = "APP")]
    pub app: ApplicationRef,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Arguments of `quarantine`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass quarantine kudos v2 --reason 'loses orders on Sundays'

A release that failed here is in quarantine by itself. `deploy --retry` goes over it once.")]
pub struct QuarantineArguments {
    /// The application's name
    #[arg(value_name = "APP")]
    pub app: ApplicationRef,
    /// A release that was deployed here: the id of a deployment, a commit or a version
    #[arg(value_name = "DEPLOYMENT|COMMIT|VERSION", value_parser = earlier)]
    pub release: String,
    /// The reason; every refusal shows it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Arguments of `unquarantine`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  windlass unquarantine kudos v2 --reason 'the disk was full, not v2 wrong'")]
pub struct UnquarantineArguments {
    /// The application's name
    #[arg(value_name = "APP")]
    pub app: ApplicationRef,
    /// A release in quarantine: the id of the deployment that failed, or a version
    #[arg(value_name = "DEPLOYMENT|VERSION", value_parser = earlier)]
    pub release: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}
