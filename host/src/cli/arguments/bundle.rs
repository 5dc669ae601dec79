//! Arguments of `windlass bundle`.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `bundle`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass bundle . | ssh deploy@uat1 deploy kudos --bundle -
  windlass bundle ./kudos --out kudos.tar       Write a file, for `--bundle kudos.tar`
  windlass bundle -v . | tar t                  What would be sent, and what is left out

In it is what a release from the directory would have: everything but `.git` and what .windlassignore names, as in
a .gitignore. Links are refused. The same files make the same archive, byte for byte.")]
pub struct BundleArguments {
    /// The application's directory
    #[arg(value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
    /// The file; without one, standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}
