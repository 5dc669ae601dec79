//! `windlass trigger`: an event from standard input starts the command that the operator wrote down for it.

use clap::Parser as _;
use windlass_capability::secrets::{HostKey, Secrets};
use windlass_config::Trigger;
use windlass_foundation::explain::ExitCode;
use windlass_foundation::redact::Redactor;
use windlass_journal::Mode;
use windlass_report::facts::{Fact, TriggerFact};
use windlass_report::{Fault, trigger as pages};
use windlass_service::trigger::{self, Fields, Message, TriggerError};

use super::arguments::{Arguments, Command, TriggerArguments};
use super::session::Session;
use super::{check, deploy, plan, promote};

/// Reads the event, looks who sent it, and runs the command.
pub(super) async fn run(arguments: &TriggerArguments, session: &Session) -> Result<ExitCode, Fault> {
    let config = session.config()?;
    let name = arguments.name.as_str();
    let trigger = config.triggers.get(name).ok_or_else(|| TriggerError::Unknown {
        name: name.to_owned(),
        known: config.triggers.keys().cloned().collect(),
    })?;
    let message = Message::read(std::io::stdin().lock())?;
    let agent = session.open(Mode::Write).await?;
    let key = HostKey::open(&agent.state_directory)?;
    let redactor = Redactor::new();
    let secrets = Secrets::resolve_all(&config.secrets, [trigger.secret.as_str()], &key, &redactor)?;
    let secret = secrets.value(&trigger.secret).unwrap_or_default();
    trigger::authenticate(trigger, &message, &secret)?;

    let fields = trigger::fields(trigger, &message)?;
    let ignored = |why: String| {
        let fact = TriggerFact { trigger: name.to_owned(), fields: fields.clone(), ignored: Some(why), command: None };
        session.printer.answer(&Fact::Trigger(fact.clone()), |_| pages::page(&fact));
        Ok(ExitCode::Succeeded)
    };
    if let Some(why) = trigger::unwanted(trigger, &fields) {
        return ignored(why);
    }
    let command = trigger::command(trigger, &fields)?;
    let line = std::iter::once("windlass").chain(command.iter().map(String::as_str));
    let parsed = Arguments::try_parse_from(line)
        .map_err(|error| TriggerError::Command { name: name.to_owned(), reason: error.to_string() })?;
    let once = trigger::key(&message);
    let window = trigger::window(trigger, &fields);
    if let Some(time) = agent.journal.trigger(name, &once, window)?
        && !arguments.again
    {
        let time = windlass_report::words::timestamp(time);
        let hours = window.as_secs_f64() / 3_600.0;
        return ignored(format!(
            "it was acted on at {time}, and is remembered for {hours:.0} h; `--again` does it once more"
        ));
    }
    let fact =
        TriggerFact { trigger: name.to_owned(), fields: fields.clone(), ignored: None, command: Some(command.clone()) };
    if session.printer.json() {
        session.printer.fact(&Fact::Trigger(fact.clone()));
    } else {
        session.printer.always_page(&pages::page(&fact));
    }
    session.act_as(&actor(name, trigger, &fields));
    let answer = dispatch(&parsed.command, session).await;
    let nothing_was_done = match &answer {
        Ok(exit) => transient(*exit),
        Err(fault) => transient(fault.exit()),
    };
    if nothing_was_done {
        // The sender may send it again.
        agent.journal.forget_trigger(name, &once)?;
    }
    answer
}

/// Who asked, for the record.
fn actor(name: &str, trigger: &Trigger, fields: &Fields) -> String {
    let from = trigger.from.name();
    match fields.get("sender") {
        Some(sender) => format!("trigger {name} ({from}, {})", sender.escape_debug()),
        None => format!("trigger {name} ({from})"),
    }
}

/// Runs what the operator's file may name.
async fn dispatch(command: &Command, session: &Session) -> Result<ExitCode, Fault> {
    match command {
        Command::Check(arguments) => check::run(arguments, session).await,
        Command::Plan(arguments) => plan::run(arguments, session).await,
        Command::Deploy(arguments) => deploy::run(arguments, session).await,
        Command::Promote(arguments) => promote::run(arguments, session).await,
        // Refused when the operator's file was read.
        _ => Ok(ExitCode::Configuration),
    }
}

/// Whether the same event may lead to something another time.
fn transient(exit: ExitCode) -> bool {
    matches!(exit, ExitCode::Busy | ExitCode::Unavailable | ExitCode::Configuration | ExitCode::Usage)
}
