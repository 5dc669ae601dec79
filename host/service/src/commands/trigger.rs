//! `trigger`: an event from outside starts the command that the operator wrote down for it.

use windlass_api::facts::TriggerFact;
use windlass_api::{Answer, Command, CommandEvent, Reply};
use windlass_capability::secrets::{HostKey, Secrets};
use windlass_config::{Config, Trigger};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::principal::Principal;
use windlass_foundation::redact::Redactor;
use windlass_foundation::words;
use windlass_journal::Mode;

use super::{check, deploy, plan, promote};
use crate::Ungrammatical;
use crate::access::On;
use crate::agent::Agent;
use crate::error::CommandError;
use crate::rights;
use crate::run::Run;
use crate::trigger::{self, Event, Fields, Heard, Message, TriggerError};

/// Looks who sent the event, and carries out the command.
pub(super) async fn run(run: &Run, name: &str, message: &[u8], again: bool) -> Result<Reply, ExplainedError> {
    let config = run.config()?;
    // Asked of a person only where they say that an event counts once more.
    run.allow(On::All)?;
    let trigger = find(&config, name)?;
    let message = Message::parse(message)?;
    let agent = run.open(Mode::Write).await?;
    let (fields, judged) = judge(run, &config, name, trigger, &message)?;
    let ignored = |why: String| {
        let trigger = TriggerFact { trigger: name.to_owned(), fields, ignored: Some(why), command: None };
        Ok(Reply::succeeded(Answer::Ignored { trigger }))
    };
    let event = match judged {
        Ok(event) => event,
        Err(unwanted) => return ignored(unwanted),
    };
    let window = trigger::window(trigger, &event.fields);
    if let Some(time) = agent.journal.trigger(name, &event.key, window)?
        && !again
    {
        let time = words::timestamp(time);
        let hours = window.as_secs_f64() / 3_600.0;
        return ignored(format!(
            "it was acted on at {time}, and is remembered for {hours:.0} h; `--again` does it once more"
        ));
    }
    carry_out(run, &agent, event).await
}

/// Looks who sent an event and what it means here. Nothing is written, and before the sender is proved nothing but the
/// operator's file and the secret is read.
pub(crate) async fn hear(run: &Run, name: &str, message: &Message) -> Result<Heard, ExplainedError> {
    let config = run.config()?;
    let trigger = find(&config, name).inspect_err(|_| {
        // Takes as long as a proof does, so that the time tells no names.
        let _ = trigger::key(message);
    })?;
    let (_, judged) = judge(run, &config, name, trigger, message)?;
    let event = match judged {
        Ok(event) => event,
        Err(unwanted) => return Ok(Heard::Unwanted(unwanted)),
    };
    let agent = run.open(Mode::Read).await?;
    let before = agent.journal.triggered(name, &event.key, trigger::window(trigger, &event.fields))?;
    Ok(match before {
        Some(time) => Heard::Before(event, time),
        None => Heard::Wanted(event),
    })
}

/// Carries out what an event starts that was heard before. One that was acted on by another process meanwhile starts nothing,
/// unless it is `kept`: then it was this very event, and its end is not known.
pub(crate) async fn act(run: &Run, event: Event, kept: bool) -> Result<Reply, ExplainedError> {
    let config = run.config()?;
    let trigger = find(&config, &event.trigger)?;
    let agent = run.open(Mode::Write).await?;
    let before = agent.journal.trigger(&event.trigger, &event.key, trigger::window(trigger, &event.fields))?;
    if let Some(time) = before.filter(|_| !kept) {
        let why = format!("it was acted on at {}", words::timestamp(time));
        let trigger = TriggerFact { trigger: event.trigger, fields: event.fields, ignored: Some(why), command: None };
        return Ok(Reply::succeeded(Answer::Ignored { trigger }));
    }
    carry_out(run, &agent, event).await
}

fn find<'a>(config: &'a Config, name: &str) -> Result<&'a Trigger, TriggerError> {
    let unknown = || TriggerError::Unknown { name: name.to_owned(), known: config.triggers.keys().cloned().collect() };
    config.triggers.get(name).ok_or_else(unknown)
}

/// What a message is about, and the event that it is, or why it is none for this trigger. The sender is proved first.
fn judge(
    run: &Run,
    config: &Config,
    name: &str,
    trigger: &Trigger,
    message: &Message,
) -> Result<(Fields, Result<Event, String>), ExplainedError> {
    // The value is compared here and goes nowhere, so its placeholder does not matter.
    let key = HostKey::from_bytes(&[0; 32]);
    let secrets = Secrets::resolve_all(&config.secrets, [trigger.secret.as_str()], &key, &Redactor::new())?;
    let secret = secrets.value(&trigger.secret).unwrap_or_default();
    trigger::authenticate(trigger, message, &secret)?;

    let fields = trigger::fields(trigger, message)?;
    if let Some(why) = trigger::unwanted(trigger, &fields) {
        return Ok((fields, Err(why)));
    }
    let command = trigger::command(trigger, &fields)?;
    parse(run, name, &command)?;
    let sender = fields.get("sender").map(String::as_str);
    let principal = Principal::of_trigger(name, trigger.from.name(), sender);
    let key = trigger::key(message);
    Ok((fields.clone(), Ok(Event { trigger: name.to_owned(), principal, fields, command, key })))
}

fn parse(run: &Run, name: &str, command: &[String]) -> Result<Command, ExplainedError> {
    (run.grammar)(command).map_err(|error| match error {
        Ungrammatical::Usage(reason) => TriggerError::Command { name: name.to_owned(), reason }.into(),
        Ungrammatical::Unreadable(fault) => fault,
    })
}

/// Carries out the command of an event that is noted.
async fn carry_out(run: &Run, agent: &Agent, event: Event) -> Result<Reply, ExplainedError> {
    let Event { trigger, principal, fields, command, key } = event;
    let parsed = parse(run, &trigger, &command)?;
    run.event(CommandEvent::Triggered(TriggerFact {
        trigger: trigger.clone(),
        fields,
        ignored: None,
        command: Some(command),
    }));
    let reply = dispatch(&run.acting(principal, rights::of(&parsed)), parsed).await;
    let nothing_was_done = match &reply {
        Ok(reply) => transient(reply.exit),
        Err(fault) => transient(fault.exit()),
    };
    if nothing_was_done {
        // The sender may send it again.
        agent.journal.forget_trigger(&trigger, &key)?;
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

/// Whether the same event may lead to something another time: nothing was done.
#[must_use]
pub fn transient(exit: ExitCode) -> bool {
    matches!(exit, ExitCode::Busy | ExitCode::Unavailable | ExitCode::Configuration | ExitCode::Usage)
}
