//! Arguments of the commands for authors of plugins: `plugin new | wit | build`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use windlass_foundation::identity::Kind;

/// Arguments of `plugin new`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass plugin new check-calendar --kind check
  windlass plugin new smoke-version --kind smoke --directory plugins/version
  windlass plugin new check-calendar --kind check --language python
  windlass plugin new check-calendar --kind check --sdk ~/windlass   With the SDK of a checkout

The project is complete, and its README.md says what is next: `windlass plugin build`.")]
pub struct NewArguments {
    /// The plugin's name: lower-case letters, digits and `-`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What it is for
    #[arg(long, value_name = "KIND", value_parser = kind())]
    pub kind: Kind,
    /// What it is written in; for other languages begin with `windlass plugin wit`
    #[arg(long, value_name = "LANGUAGE", value_enum, default_value_t = Language::Rust)]
    pub language: Language,
    /// The project's directory, which is empty or not there; without it, ./NAME
    #[arg(long, value_name = "DIRECTORY")]
    pub directory: Option<PathBuf>,
    /// A checkout of Windlass whose SDK for Rust is taken; without it, cargo fetches the SDK with git
    #[arg(long, value_name = "DIRECTORY")]
    pub sdk: Option<PathBuf>,
}

/// What a plugin can be written in.
// Doc comments on the values would turn the help of the whole command into its long form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    Rust,
    Python,
}

/// A kind by its word.
fn kind() -> impl TypedValueParser<Value = Kind> {
    let known = |word: &str| Kind::ALL.into_iter().find(|kind| kind.word() == word);
    PossibleValuesParser::new(Kind::ALL.map(Kind::word))
        .try_map(move |word| known(&word).ok_or("it is no kind of plugin"))
}

/// Arguments of `plugin new | wit | build`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass plugin wit wit                       Into ./wit

guest.wit has a world for each kind of plugin, and deps/ has the contract and WASI. Toolchains for other languages than
Rust make code from it. A file that is there with another content is not written over.")]
pub struct WitArguments {
    /// The directory; it is made where it is not there
    #[arg(value_name = "DIRECTORY")]
    pub directory: PathBuf,
}

/// Arguments of `plugin build`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass plugin build                         The project here
  windlass plugin build ./check-calendar --json | jq -r .digest

A project in Rust has a Cargo.toml, and `windlass_sdk::export!` in it. One in another language has a plugin.toml, which
says what the plugin is and how it is built:
  [plugin]
  name = \"check-calendar\"
  version = \"1.0.0\"
  kind = \"check\"                                check, strategy, smoke or recorder
  [build]
  command = [\"make\", \"plugin\"]                  run in the project's directory, without a shell
  component = \"check_calendar.wasm\"             what the command makes; the manifest is put into it
  [[capability]]
  name = \"http\"
  reason = \"asks the calendar\"

It needs no agent, and grants nothing. What compiles may need the network.")]
pub struct PluginBuildArguments {
    /// The project's directory
    #[arg(value_name = "DIRECTORY", default_value = ".")]
    pub directory: PathBuf,
}
