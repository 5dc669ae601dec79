//! The grammar of `windlass trigger`.

use clap::Args;
use windlass_foundation::names::Kind;

/// Arguments of `trigger`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  windlass trigger staging < event              Header lines, an empty line and the body of a webhook's request
  windlass trigger staging --again < event      Act on an event that was acted on before

The command is `run` of `[triggers.NAME]` in agent.toml. `from` there says who sends the event: github, gitlab, gitea, forgejo,
pact-broker, or a source that `[trigger-sources]` describes. The exit code is that of the command; 0 for an event that is
not wanted or was acted on before, 10 for one whose sender is not proved.")]
pub struct TriggerArguments {
    /// The trigger's name in agent.toml
    #[arg(value_name = "NAME", value_parser = name)]
    pub name: String,
    /// Act on it although it was acted on before
    #[arg(long)]
    pub again: bool,
}

fn name(text: &str) -> Result<String, String> {
    Kind::Trigger.parse(text)
}
