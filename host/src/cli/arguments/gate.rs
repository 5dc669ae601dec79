//! The grammar of `windlass ssh-gate`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use windlass_foundation::names::Kind;
use windlass_service::access::Wish;

/// Arguments of `ssh-gate`.
#[derive(Debug, Clone, Args)]
#[command(
    arg_required_else_help = true,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  windlass ssh-gate install --key ci.pub --name ci-uat --allow 'deploy kudos'
  restrict,command=\"/usr/bin/windlass ssh-gate --key ci-uat\" ssh-ed25519 AAAA… ci-uat
                                                The line of authorized_keys that this writes
  ssh deploy@uat1 deploy kudos --set web=v2     What the key's owner does then
  ssh deploy@uat1                               Who they are, and what they may do

sshd must say which key was used: `ExposeAuthInfo yes` (docs/ssh.md).
A key that no rule of agent.toml names may do nothing."
)]
pub struct GateArguments {
    /// What to do with keys.
    #[command(subcommand)]
    pub command: Option<GateCommand>,
    /// Run what the owner of this key asked sshd for: for a line of `authorized_keys`
    #[arg(long, value_name = "NAME", value_parser = name, required = true)]
    pub key: Option<String>,
}

/// A command of `ssh-gate`.
#[derive(Debug, Clone, Subcommand)]
pub enum GateCommand {
    /// Add a key to `authorized_keys` that runs the gate and nothing else
    Install(InstallArguments),
    /// List the keys in `authorized_keys` that run the gate
    #[command(after_help = "Examples:\n  windlass ssh-gate list --user deploy")]
    List {
        /// Which file.
        #[command(flatten)]
        place: PlaceArguments,
    },
    /// Remove a key from `authorized_keys`
    #[command(after_help = "\
Examples:
  windlass ssh-gate revoke ci-uat --user deploy

The next login is refused. Sessions that are open go on, and so does a deployment of one of them.")]
    Revoke {
        /// The key's name
        #[arg(value_name = "NAME", value_parser = name)]
        name: String,
        /// Which file.
        #[command(flatten)]
        place: PlaceArguments,
    },
}

/// Arguments of `ssh-gate install`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass ssh-gate install --key ci.pub --name ci-uat --user deploy --allow 'deploy kudos'
  windlass ssh-gate install --key ci.pub --name ci-uat --file /etc/ssh/keys/deploy --dry-run

It shows the line, the lines for sshd and the rule for agent.toml, and asks. It writes the first
alone: the others are the operator's to add. The file from before is kept beside it.")]
pub struct InstallArguments {
    /// The public key
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// What the key is called in the records of this host
    #[arg(long, value_name = "NAME", value_parser = name)]
    pub name: String,
    /// What it is to be allowed, for the rule that is shown: a right, and an application (may be given several times)
    #[arg(long, value_name = "RIGHT APP")]
    pub allow: Vec<Wish>,
    /// Which file.
    #[command(flatten)]
    pub place: PlaceArguments,
    /// Show everything, and write nothing
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Write without asking
    #[arg(long, short)]
    pub yes: bool,
}

/// Which `authorized_keys`.
#[derive(Debug, Clone, Args)]
pub struct PlaceArguments {
    /// The user whose `.ssh/authorized_keys` it is; without this and `--file`, the user who runs this
    #[arg(long, value_name = "USER", conflicts_with = "file")]
    pub user: Option<String>,
    /// The file, where sshd reads keys elsewhere
    #[arg(long, value_name = "AUTHORIZED_KEYS")]
    pub file: Option<PathBuf>,
}

/// What the first half of the gate found out.
#[derive(Debug, Clone, Args)]
pub struct EnterArguments {
    /// The key's name
    #[arg(long, value_parser = name)]
    pub key: String,
    /// Its fingerprint
    #[arg(long)]
    pub fingerprint: String,
    /// The fingerprint of the authority that certified it
    #[arg(long)]
    pub authority: Option<String>,
    /// What its authority calls the certificate
    #[arg(long)]
    pub id: Option<String>,
    /// What the client asks for; none where it asks for nothing
    #[arg(last = true)]
    pub command: Option<OsString>,
}

fn name(text: &str) -> Result<String, String> {
    Kind::Key.parse(text)
}
