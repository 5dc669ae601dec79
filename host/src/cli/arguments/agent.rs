//! The grammar of `windlass agent` and of what is asked of an agent that stays.

use clap::Args;

/// Arguments of `agent`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass agent                                In the foreground, as its unit for systemd does

With it, a deployment goes on whoever asked for it, and every other command asks the agent. SIGTERM lets the steps end that
are in flight; what is left open is resumed at the next start. `[agent]` in agent.toml says where it listens.")]
pub struct AgentArguments {}

/// Arguments of `attach`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass attach                               What goes on now, or else what ended last
  windlass attach kudos                         The last deployment of an application
  windlass attach 4f0c9t2m1k8z                  By id, or by the beginning of an id

Ctrl-C ends only the look: the deployment goes on. The exit code is the deployment's.")]
pub struct AttachArguments {
    /// A deployment's id or its beginning, or an application
    #[arg(value_name = "DEPLOYMENT|APP")]
    pub operation: Option<String>,
}

/// Arguments of `stop`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass stop                                 What goes on now: the old version is put back
  windlass stop kudos --leave                   Leave everything as it is; `windlass resume` goes on")]
pub struct StopArguments {
    /// A deployment's id or its beginning, or an application
    #[arg(value_name = "DEPLOYMENT|APP")]
    pub operation: Option<String>,
    /// Leave everything as it is, and the deployment open, instead of putting the old version back
    #[arg(long)]
    pub leave: bool,
}
