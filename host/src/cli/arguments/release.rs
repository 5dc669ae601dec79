//! The grammar of `windlass release` and `windlass promote`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use windlass_foundation::names::Kind;

use super::deploy::{MannerArguments, VersionArguments, duration, earlier, environment};
use windlass_api::command::ApplicationRef;

/// Arguments of `release`.
#[derive(Debug, Clone, Args)]
#[command(arg_required_else_help = true)]
pub struct ReleaseCommandArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: ReleaseCommand,
}

/// A command of `release`.
#[derive(Debug, Clone, Subcommand)]
pub enum ReleaseCommand {
    /// Make a release from an application's files as they are now, without deploying it
    #[command(after_help = "\
Examples:
  windlass release create ./kudos --commit 1ef921a7 --out kudos.json
  minisign -S -m kudos.json                     Sign it
  windlass deploy kudos --release kudos.json    Deploy it, on any host
  windlass release create . --build --out kudos.json
                                                Build what the Compose file builds first, for this host
  windlass release create . --build --push --out kudos.json
                                                The same for every host

Every image is pinned by its digest and every file is inside. It needs no operator's file, grant or secret.")]
    Create {
        /// The application and its versions.
        #[command(flatten)]
        versions: VersionArguments,
        /// The environment that you mean; refused when this host is another one
        #[arg(long, value_name = "NAME", value_parser = environment)]
        environment: Option<String>,
        /// What is built first.
        #[command(flatten)]
        building: BuildArguments,
        /// The file; without one, standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write a release that succeeded on this host, with its files and the proof that it did
    #[command(after_help = "\
Examples:
  windlass release export kudos --out kudos.json       What runs
  windlass release export kudos v1                     To standard output
  minisign -S -m kudos.json                            Sign it, so that `promote --from kudos.json` believes it")]
    Export {
        /// The application's name
        #[arg(value_name = "APP")]
        app: ApplicationRef,
        /// The id of a deployment, a commit or a version; without it, what runs
        #[arg(value_name = "DEPLOYMENT|COMMIT|VERSION", value_parser = earlier)]
        release: Option<String>,
        /// The file; without one, standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List the releases that succeeded on this host, the newest first
    #[command(after_help = "Examples:\n  windlass release list kudos")]
    List {
        /// The application's name
        #[arg(value_name = "APP")]
        app: ApplicationRef,
    },
    /// Show what a release consists of, and where it succeeded
    #[command(after_help = "\
Examples:
  windlass release show kudos                   What runs
  windlass release show kudos v1
  windlass release show ./kudos.json            A document")]
    Show {
        /// The application's name, or the path of a release document
        #[arg(value_name = "APP|FILE", value_parser = application_or_file)]
        of: String,
        /// The id of a deployment, a commit or a version; without it, what runs
        #[arg(value_name = "DEPLOYMENT|COMMIT|VERSION", value_parser = earlier)]
        release: Option<String>,
    },
    /// Check that a release document is as it was made, and who signed it
    #[command(after_help = "\
Examples:
  windlass release verify kudos.json
  windlass release verify kudos.json --key RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3

Exit codes: 0 it is, 3 it was changed, 10 no trusted key has signed it")]
    Verify {
        /// The release document
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// A public key of minisign that must have signed it, besides those of agent.toml
        #[arg(long, value_name = "KEY")]
        key: Vec<String>,
    },
}

/// What `release create` builds.
#[derive(Debug, Clone, Args)]
pub struct BuildArguments {
    /// Build the images that the Compose file builds, with the host's `docker`, and give them the commit as tag
    #[arg(long, conflicts_with = "bundle")]
    pub build: bool,
    /// Push those that are not `local` to their registries
    #[arg(long, requires = "build")]
    pub push: bool,
    /// How long each image may take to build, and to push
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30m", requires = "build")]
    pub build_timeout: Duration,
}

/// Arguments of `promote`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass promote kudos --from uat             What runs in uat, where `[promote.uat]` says that it is
  windlass promote kudos --from ./kudos.json    From a file that `release export` wrote there, with its signature
                                                ./kudos.json.minisig beside it

The same digests and the same files, with the settings of this environment. Refused when the release did not
succeed there or was not smoke tested, and when no trusted key has signed the file that says so.")]
pub struct PromoteArguments {
    /// The application's name
    #[arg(value_name = "APP")]
    pub app: ApplicationRef,
    /// The environment that the release comes from, or the path of a release document (`-` is standard input)
    #[arg(long, value_name = "ENVIRONMENT|FILE", value_parser = environment_or_file)]
    pub from: String,
    /// How and why.
    #[command(flatten)]
    pub manner: MannerArguments,
}

/// Whether what was typed is a file and no name: no name has a `/` or ends with `.json`.
pub(crate) fn is_file(text: &str) -> bool {
    text == "-" || text.contains('/') || Path::new(text).extension().is_some_and(|extension| extension == "json")
}

fn application_or_file(text: &str) -> Result<String, String> {
    if is_file(text) { Ok(text.to_owned()) } else { Kind::Application.parse(text) }
}

fn environment_or_file(text: &str) -> Result<String, String> {
    if is_file(text) { Ok(text.to_owned()) } else { Kind::Environment.parse(text) }
}
