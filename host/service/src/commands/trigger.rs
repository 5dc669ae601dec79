//! `trigger`: an event from outside starts the command that the operator wrote down for it.

use windlass_api::facts::TriggerFact;
use windlass_api::{Answer, Command, CommandEvent, Reply};
use windlass_capability::secrets::{HostKey, Secrets};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::principal::Principal;
use windlass_foundation::redact::Redactor;
use windlass_foundation::words;
use windlass_journal::Mode;

use super::{check, deploy, plan, promote};
use crate::Ungrammatical;
use crate::access::On;
use crate::error::CommandError;
use crate::rights;
use crate::run::Run;
use crate::trigger::{self, Message, TriggerError};

/// Looks who sent the event, and carries out the command.
pub(super) async fn run(run: &Run, name: &str, message: &[u8], again: bool) -> Result<Reply, ExplainedError> {
    let config = run.config()?;
    // Asked of a person only where they say that an event counts once more.
    run.allow(On::All)?;
    let trigger = config.triggers.get(name).ok_or_else(|| TriggerError::Unknown {
        name: name.to_owned(),
        known: config.triggers.keys().cloned().collect(),
    })?;
    let message = Message::parse(message)?;
    let agent = run.open(Mode::Write).await?;
    let key = HostKey::open(&agent.state_directory)?;
    let redactor = Redactor::new();
    let secrets = Secrets::resolve_all(&config.secrets, [trigger.secret.as_str()], &key, &redactor)?;
    let secret = secrets.value(&trigger.secret).unwrap_or_default();
    trigger::authenticate(trigger, &message, &secret)?;

    let fields = trigger::fields(trigger, &message)?;
    let ignored = |why: String| {
        let trigger =
            TriggerFact { trigger: name.to_owned(), fields: fields.clone(), ignored: Some(why), command: None };
        Ok(Reply::succeeded(Answer::Ignored { trigger }))
    };
    if let Some(why) = trigger::unwanted(trigger, &fields) {
        return ignored(why);
    }
    let command = trigger::command(trigger, &fields)?;
    let parsed = (run.grammar)(&command).map_err(|error| match error {
        Ungrammatical::Usage(reason) => TriggerError::Command { name: name.to_owned(), reason }.into(),
        Ungrammatical::Unreadable(fault) => fault,
    })?;
    let once = trigger::key(&message);
    let window = trigger::window(trigger, &fields);
    if let Some(time) = agent.journal.trigger(name, &once, window)?
        && !again
    {
        let time = words::timestamp(time);
        let hours = window.as_secs_f64() / 3_600.0;
        return ignored(format!(
            "it was acted on at {time}, and is remembered for {hours:.0} h; `--again` does it once more"
        ));
    }
    run.event(CommandEvent::Triggered(TriggerFact {
        trigger: name.to_owned(),
        fields: fields.clone(),
        ignored: None,
        command: Some(command),
    }));
    let sender = fields.get("sender").map(String::as_str);
    let principal = Principal::of_trigger(name, trigger.from.name(), sender);
    let reply = dispatch(&run.acting(principal, rights::of(&parsed)), parsed).await;
    let nothing_was_done = match &reply {
        Ok(reply) => transient(reply.exit),
        Err(fault) => transient(fault.exit()),
    };
    if nothing_was_done {
        // The sender may send it again.
        agent.journal.forget_trigger(name, &once)?;
    }
    reply
}

/// Carries out what the operator's file may name.
async fn dispatch(run: &Run, command: Command) -> Result<Reply, ExplainedError> {
    match command {
        Command::Check { subject, environment } => check::run(run, &subject, environment.as_deref()).await,
        Command::Plan { subject, environment, file } => plan::run(run, &subject, environment.as_deref(), file).await,
        Command::Deploy { subject, environment, manner } => {
            deploy::run(run, &subject, environment.as_deref(), manner).await
        }
        Command::Promote { application, from, manner } => promote::run(run, &application, from, manner).await,
        // Refused when the operator's file was read.
        _ => Err(CommandError::NotTriggered.into()),
    }
}

/// Whether the same event may lead to something another time.
fn transient(exit: ExitCode) -> bool {
    matches!(exit, ExitCode::Busy | ExitCode::Unavailable | ExitCode::Configuration | ExitCode::Usage)
}
