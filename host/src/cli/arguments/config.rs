//! Arguments of `windlass config`.

use std::path::PathBuf;

use clap::Args;

use super::deploy::environment;
use windlass_api::command::ApplicationRef;

/// Arguments of `config`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass config kudos                                     As `docker compose config` shows it
  windlass config ./kudos --environment production
  windlass config kudos --explain web.environment.LOG_LEVEL  Which file, line and variable says so

Secrets are shown by name. Images stand as they are written; a deployment pins them by digest.")]
pub struct ConfigArguments {
    /// The application: a name, a directory with a release.toml, or the path of a release file
    #[arg(value_name = "APP")]
    pub app: ApplicationRef,
    /// A tar archive of the application's files, made by `bundle` or `tar c`, instead of those on the host; `-` is standard
    /// input
    #[arg(long, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// The environment to show [default: this host's]
    #[arg(long, value_name = "NAME", value_parser = environment)]
    pub environment: Option<String>,
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "yaml", value_enum)]
    pub format: ConfigFormat,
    /// Say where a value came from: `web.image`, `web.environment.LOG_LEVEL`, `networks.front`
    #[arg(long, value_name = "SERVICE.KEY", conflicts_with = "format")]
    pub explain: Option<String>,
}

/// How `config` prints: as `docker compose config`, or as that with `--format json`.
// Doc comments on the values would turn the help of the whole command into its long form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ConfigFormat {
    Yaml,
    Json,
}
