//! Arguments of `plugin`: what plugins are and may reach, and what their authors make.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use windlass_api::command::ApplicationRef;
use windlass_foundation::identity::Kind;

/// Arguments of `plugin`.
#[derive(Debug, Clone, Args)]
pub struct PluginArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: PluginCommand,
}

/// A command of `plugin`.
#[derive(Debug, Clone, Subcommand)]
pub enum PluginCommand {
    /// List the plugins that this binary carries and those that are installed here
    #[command(after_help = "Examples:\n  windlass plugin list")]
    List,
    /// Show what a plugin is, what it asks for and how it is configured
    #[command(after_help = "\
Examples:
  windlass plugin inspect check-readiness
  windlass plugin inspect ./checks/ours.wasm
  windlass plugin inspect registry.example/team/check@sha256:4f0c…
  windlass plugin inspect ./checks/ours.wasm --grant    The lines of agent.toml for it
  windlass plugin inspect --diff check-ours-1.wasm check-ours-2.wasm")]
    Inspect {
        /// A bundled plugin's name, the path of a component, or its reference at a registry, pinned by digest
        #[arg(value_name = "PLUGIN", required_unless_present = "diff")]
        plugin: Option<String>,
        /// Print only the lines of agent.toml that would grant everything that it asks for
        #[arg(long, conflicts_with = "diff")]
        grant: bool,
        /// Show what NEW asks for and how it is configured, where that is not as with OLD
        #[arg(long, value_names = ["OLD", "NEW"], num_args = 2, conflicts_with = "plugin")]
        diff: Vec<String>,
    },
    /// Show what the plugins of an application ask for and what they are granted, with the lines to add
    #[command(after_help = "\
Examples:
  windlass plugin grants kudos
  windlass plugin grants ./kudos                Before it is first deployed")]
    Grants {
        /// The application: a name, a directory with a release.toml, or the path of a release file
        #[arg(value_name = "APP")]
        app: ApplicationRef,
    },
    /// Write a project for a plugin of your own, complete and with tests
    New(NewArguments),
    /// Write the contract with plugins as WIT files, with all that it depends on
    Wit(WitArguments),
    /// Build a plugin as a component with its manifest, and have it admitted as an agent does
    Build(PluginBuildArguments),
}

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
