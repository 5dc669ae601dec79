//! The grammar of `windlass self-update`.

use std::path::PathBuf;
use std::time::Duration;

use super::deploy::duration;
use clap::Args;

/// Arguments of `self-update`.
#[derive(Debug, Clone, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Examples:
  windlass self-update windlass_0.2.0_amd64.deb               With windlass_0.2.0_amd64.deb.minisig beside it
  windlass self-update windlass-0.2.0-x86_64-linux.tar.gz --wait 10m
  windlass self-update --back                                 The version from before the last update

The signature must be by a key of `[update]` in agent.toml. The version from before is kept, and put
back when the new one does not answer within 30 seconds.

Exit codes: 0 in place, 10 refused, 11 taken back, 12 neither serves, 13 something goes on"
)]
pub struct UpdateArguments {
    /// The new version: the program, the tarball or the Debian package
    #[arg(value_name = "FILE", required_unless_present = "back")]
    pub file: Option<PathBuf>,
    /// Its signature [default: FILE.minisig]
    #[arg(long, value_name = "FILE", conflicts_with = "back")]
    pub signature: Option<PathBuf>,
    /// Install an older version than the one that is installed
    #[arg(long, conflicts_with = "back")]
    pub downgrade: bool,
    /// Wait so long for what the agent carries out, instead of refusing
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "back")]
    pub wait: Option<Duration>,
    /// Go on although the package that is installed is not kept here, so that only its program could be put back
    #[arg(long, conflicts_with = "back")]
    pub without_way_back: bool,
    /// Put the version from before the last update in place again
    #[arg(long, conflicts_with = "file")]
    pub back: bool,
}
