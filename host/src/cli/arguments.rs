//! The grammar of the command line, with the help that people read.
//!
//! Doc comments here are the help texts: imperative, no final period on the first line. `docs/cli.md` is generated
//! from them.

mod agent;
mod bundle;
mod config;
mod deploy;
mod gate;
mod holds;
mod outbox;
mod plugin;
mod release;
mod trigger;
mod update;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use windlass_api::command::ApplicationRef;

pub(super) use agent::{AgentArguments, AttachArguments, StopArguments};
pub(super) use bundle::BundleArguments;
pub(super) use config::{ConfigArguments, ConfigFormat};
pub(super) use deploy::{
    CheckArguments, DeployArguments, MannerArguments, PlanArguments, ReleaseArguments, RollbackArguments,
    VersionArguments,
};
pub(super) use gate::{EnterArguments, GateArguments, GateCommand, InstallArguments, PlaceArguments};
pub(super) use holds::{
    FreezeArguments, PinArguments, QuarantineArguments, UnfreezeArguments, UnpinArguments, UnquarantineArguments,
};
pub(super) use outbox::{OutboxArguments, OutboxCommand};
pub(super) use plugin::{Language, NewArguments, PluginArguments, PluginBuildArguments, PluginCommand, WitArguments};
pub(super) use release::{BuildArguments, PromoteArguments, ReleaseCommand, ReleaseCommandArguments, is_file};
pub(super) use trigger::TriggerArguments;
pub(super) use update::UpdateArguments;

/// What was typed.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "windlass",
    version,
    about = "Release an application on this host: gate it, deploy it, prove it, record it,\nand put the old version back when anything fails",
    max_term_width = 100,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  windlass init compose.yaml               Start from the Compose file that you have
  windlass plan kudos --set backend=v2     Show what would change
  windlass deploy kudos --set backend=v2   Change it, safely
  windlass rollback kudos                  Go back

Exit codes: 0 succeeded, 2 usage, 3 configuration, 10 refused, 11 rolled back, 12 stuck, and others
in docs/exit-codes.md"
)]
pub struct Arguments {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The operator's file (or `WINDLASS_CONFIG`) [default: /etc/windlass/agent.toml]
    // The variable is read by `Global::config`: clap would show it as a required option in every usage line.
    #[arg(long, global = true, value_name = "FILE", display_order = 900)]
    pub config: Option<PathBuf>,
    /// Print facts as JSON lines (docs/json-output.md)
    #[arg(long, global = true, display_order = 901)]
    pub json: bool,
    /// Print no progress, only the answer, warnings and errors
    #[arg(long, short, global = true, conflicts_with = "verbose", display_order = 902)]
    pub quiet: bool,
    /// Print the log lines of plugins too
    #[arg(long, short, global = true, display_order = 903)]
    pub verbose: bool,
    /// Print without colour; so does a non-empty `NO_COLOR`
    #[arg(long, global = true, display_order = 904)]
    pub no_color: bool,
}

impl Global {
    /// The operator's file that the option or the variable names; none means the usual place.
    #[must_use]
    pub fn config(&self) -> Option<PathBuf> {
        let named = || std::env::var_os("WINDLASS_CONFIG").filter(|value| !value.is_empty()).map(PathBuf::from);
        self.config.clone().or_else(named)
    }
}

/// A command.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Write a release.toml from a Compose file, and an agent.toml that grants what it needs
    Init(InitArguments),
    /// Show the Compose application that a release means, and where its values come from
    Config(ConfigArguments),
    /// Show what a deployment would change, and change nothing
    Plan(PlanArguments),
    /// Run the checks of a release, and change nothing
    Check(CheckArguments),
    /// Run the verification and the smoke tests of what runs now, and change nothing
    Verify(VerifyArguments),
    /// Deploy a release, and put the old version back when anything fails
    Deploy(DeployArguments),
    /// Deploy an earlier release of this application again
    Rollback(RollbackArguments),
    /// Deploy the release that succeeded in another environment
    Promote(PromoteArguments),
    /// Make, examine and verify releases as files
    Release(ReleaseCommandArguments),
    /// Write an application's files as one archive, to deploy them on another host
    Bundle(BundleArguments),
    /// Act on an event from standard input, as the operator's file says
    Trigger(TriggerArguments),
    /// Finish a deployment that was interrupted
    Resume(ResumeArguments),
    /// Declare a stuck deployment as resolved by hand
    Resolve(ResolveArguments),
    /// Refuse deployments of an application from now on
    Freeze(FreezeArguments),
    /// Allow deployments of a frozen application again
    Unfreeze(UnfreezeArguments),
    /// Refuse deployments of every release of an application but one
    Pin(PinArguments),
    /// Allow deployments of other releases of a pinned application again
    Unpin(UnpinArguments),
    /// Refuse deployments of one release of an application
    Quarantine(QuarantineArguments),
    /// Allow deployments of a release in quarantine again
    Unquarantine(UnquarantineArguments),
    /// Examine what recorders were not told yet, and tell them
    Outbox(OutboxArguments),
    /// Show what runs, and whether it is what was deployed
    Status(StatusArguments),
    /// List deployments, the newest first
    History(HistoryArguments),
    /// Show everything about one deployment
    Show(ShowArguments),
    /// Write everything about one deployment as a page that needs nothing else
    Report(ReportArguments),
    /// Show what plugins and steps of a deployment said
    Logs(LogsArguments),
    /// Examine the journal
    Audit(AuditArguments),
    /// Examine plugins and what they may do, and write plugins of your own
    Plugin(PluginArguments),
    /// Examine this host: can it deploy, and what should be put right
    Doctor(DoctorArguments),
    /// Stay on this host and carry out commands, so that a deployment goes on whoever asked for it
    Agent(AgentArguments),
    /// Show a deployment that the agent carries out, from its beginning
    Attach(AttachArguments),
    /// Ask the agent to stop a deployment
    Stop(StopArguments),
    /// Show who you are to Windlass on this host, and what you may do
    Whoami(WhoamiArguments),
    /// Let SSH keys run commands of Windlass and nothing else
    SshGate(GateArguments),
    /// Put another version of Windlass in the place of this one, and go back when it does not answer
    SelfUpdate(UpdateArguments),
    /// Print the JSON Schema of a file or document
    Schema(SchemaArguments),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
    /// Print the manual, or write one page per command
    Man(ManArguments),
    /// For the agent itself
    #[command(hide = true)]
    Internal(InternalArguments),
}

/// Arguments of `init`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass init                                 From ./compose.yaml; asks before it writes
  windlass init deploy/compose.yaml --yes       Write without asking
  windlass init -f compose.yaml -f prod.yaml    Several files, each over the ones before
  windlass init --application kudos --output .  Choose the name and the place")]
pub struct InitArguments {
    /// The Compose files, each put over the ones before; without one, those of `COMPOSE_FILE`, or compose.yaml,
    /// compose.yml, docker-compose.yaml or docker-compose.yml here
    #[arg(value_name = "COMPOSE-FILE")]
    pub compose: Vec<PathBuf>,
    /// A Compose file, as `docker compose` takes it
    #[arg(long = "file", short = 'f', value_name = "COMPOSE-FILE")]
    pub file: Vec<PathBuf>,
    /// The application's name; without one, the Compose project's, which is the directory's name by default
    #[arg(long, value_name = "NAME")]
    pub application: Option<String>,
    /// The directory for release.toml and agent.toml: that of the Compose file, which it is without this, or one above
    #[arg(long, value_name = "DIRECTORY")]
    pub output: Option<PathBuf>,
    /// Write without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// Arguments of `verify`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass verify                               Everything that was deployed on this host
  windlass verify kudos --json

It asks what a deployment asks before it counts as succeeded.

Exit codes: 0 all is well, 10 something is not")]
pub struct VerifyArguments {
    /// The application; without one, all
    #[arg(value_name = "APP")]
    pub app: Option<ApplicationRef>,
}

/// Arguments of `resume`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass resume                               Finish whatever was interrupted on this host
  windlass resume kudos                         Only this application
  windlass resume kudos --unwind                Do not finish it: put the old version back")]
pub struct ResumeArguments {
    /// The application; without one, all that have an open deployment
    #[arg(value_name = "APP")]
    pub app: Option<ApplicationRef>,
    /// Put the old version back instead of going forward
    #[arg(long)]
    pub unwind: bool,
}

/// Arguments of `resolve`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass show kudos                           See what is stuck and what was left behind
  windlass resolve kudos --reason 'removed the half-made network by hand'
  windlass resolve kudos --retry               The engine is back: undo once more

A stuck deployment blocks its application until a person has looked. This says that one did.")]
pub struct ResolveArguments {
    /// The application's name
    #[arg(value_name = "APP")]
    pub app: ApplicationRef,
    /// Undo once more what could not be undone, instead of only taking your word for it
    #[arg(long)]
    pub retry: bool,
    /// What was done, for the record
    #[arg(long, value_name = "TEXT", required_unless_present = "retry")]
    pub reason: Option<String>,
}

/// Arguments of `status`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass status                               All applications
  windlass status kudos --json | jq .drift")]
pub struct StatusArguments {
    /// The application; without one, all
    #[arg(value_name = "APP")]
    pub app: Option<ApplicationRef>,
}

/// Arguments of `history`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass history kudos
  windlass history --limit 5 --json")]
pub struct HistoryArguments {
    /// The application; without one, all
    #[arg(value_name = "APP")]
    pub app: Option<ApplicationRef>,
    /// How many at most, 1 or more
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// Arguments of `show`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass show 4f0c9t2m1k8z                    By id, or by the beginning of an id
  windlass show kudos                           The last one of an application")]
pub struct ShowArguments {
    /// The deployment's id or its beginning, or an application for its last deployment
    #[arg(value_name = "DEPLOYMENT|APP", value_parser = deployment)]
    pub deployment: String,
}

/// Arguments of `report`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass report kudos --out kudos.html        The last deployment of an application
  windlass report 4f0c9t2m1k8z > deployment.html
  ssh deploy@uat1 report kudos > kudos.html     For a key that runs the gate
  windlass report kudos --markdown              For the summary of a job, an issue or a chat

The page is one HTML file with its style in it: no script, and no request for anything elsewhere. With --json
it prints what `show --json` prints.")]
pub struct ReportArguments {
    /// The deployment's id or its beginning, or an application for its last deployment
    #[arg(value_name = "DEPLOYMENT|APP", value_parser = deployment)]
    pub deployment: String,
    /// Write the page into this file, instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write Markdown instead: the outcome, versions, checks, smoke tests and steps
    #[arg(long)]
    pub markdown: bool,
}

/// Arguments of `logs`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass logs kudos                           The last deployment of an application
  windlass logs 4f0c9t2m1k8z --json")]
pub struct LogsArguments {
    /// The deployment's id or its beginning, or an application for its last deployment
    #[arg(value_name = "DEPLOYMENT|APP", value_parser = deployment)]
    pub deployment: String,
}

/// Arguments of `audit`.
#[derive(Debug, Clone, Args)]
pub struct AuditArguments {
    /// What to examine.
    #[command(subcommand)]
    pub command: AuditCommand,
}

/// A command of `audit`.
#[derive(Debug, Clone, Subcommand)]
pub enum AuditCommand {
    /// Verify that no line of the journal was changed or removed
    #[command(after_help = "\
Examples:
  windlass audit verify

Every line of the journal holds the hash of the one before. Keep the printed hash elsewhere: when it
is no longer in the journal, the journal was replaced as a whole.

Exit codes: 0 intact, 1 changed")]
    Verify,
}

/// Arguments of `doctor`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass doctor
  windlass doctor kudos                         Its plugins, secrets and registries too

Exit codes: 0 no problem prevents a deployment, 3 a problem does")]
pub struct DoctorArguments {
    /// The application; without one, what all have in common
    #[arg(value_name = "APP")]
    pub app: Option<ApplicationRef>,
}

/// Arguments of `whoami`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass whoami
  ssh deploy@uat1                               The same for a key that runs the gate")]
pub struct WhoamiArguments {}

/// Arguments of `schema`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass schema release.toml > release.schema.json
  windlass schema json-output                   What --json prints
  windlass schema                               List the names")]
pub struct SchemaArguments {
    /// The name; without one, all names are listed
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

/// Arguments of `completions`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass completions bash > /etc/bash_completion.d/windlass
  windlass completions fish > ~/.config/fish/completions/windlass.fish")]
pub struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// Arguments of `man`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass man | man -l -
  windlass man --out /usr/local/share/man/man1")]
pub struct ManArguments {
    /// Write one page per command into this directory, instead of the first page to stdout
    #[arg(long, value_name = "DIRECTORY")]
    pub out: Option<PathBuf>,
}

/// Arguments of `internal`.
#[derive(Debug, Clone, Args)]
pub struct InternalArguments {
    /// What to do.
    #[command(subcommand)]
    pub command: InternalCommand,
}

/// A command of `internal`, started by the agent itself.
#[derive(Debug, Clone, Subcommand)]
pub enum InternalCommand {
    /// Compile a component ahead of time, in a process of its own that may crash or be killed
    Precompile {
        /// How many bytes of address space it may use
        memory: Option<u64>,
    },
    /// Carry out one piece of work of the agent that started this process, which it is told on standard input
    Work,
    /// The second half of `ssh-gate --key`, in a process without the environment of the first
    SshGate(EnterArguments),
}

/// A deployment, or an application: a name or a path.
fn deployment(text: &str) -> Result<String, String> {
    match text.parse::<ApplicationRef>() {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => windlass_foundation::names::Kind::Earlier.parse(text),
    }
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn the_grammar_is_consistent() {
        super::Arguments::command().debug_assert();
    }

    /// What a command would not look at is no option of it.
    #[test]
    fn a_release_is_made_from_files_and_never_from_what_runs_or_from_another_release() {
        let parsed = |option: &[&str]| {
            let line = ["windlass", "release", "create", "./kudos"].iter().chain(option);
            super::Arguments::try_parse_from(line).map(drop).map_err(|error| error.kind())
        };
        for option in [["--release", "kudos.json"].as_slice(), &["--defaults"]] {
            assert_eq!(parsed(option), Err(ErrorKind::UnknownArgument), "{option:?}");
        }
        for option in
            [["--set", "web=v2"].as_slice(), &["--commit", "1ef921a7"], &["--environment", "uat"], &["--build"]]
        {
            assert_eq!(parsed(option), Ok(()), "{option:?}");
        }
    }
}
