//! `outbox`: events that recorders have not received, their delivery, and what a person decides about those that a
//! recorder will never take.

use jiff::Timestamp;
use windlass_api::command::ApplicationRef;
use windlass_api::facts::DeliveryFact;
use windlass_api::{Answer, Reply};
use windlass_deployment::{Due, Stop};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_foundation::names::Instance;
use windlass_journal::{Mode, Requeued};

use crate::access::On;
use crate::agent::Agent;
use crate::error::CommandError;
use crate::facts;
use crate::run::Run;

/// Lists the events.
pub(super) async fn list(run: &Run, application: Option<&ApplicationRef>) -> Result<Reply, ExplainedError> {
    let agent = run.open(Mode::Read).await?;
    let wanted = run.known_or_all(application, &agent)?;
    undelivered(&agent, wanted.as_ref())
}

/// Delivers the events of these applications to their recorders, one application after the other.
pub(super) async fn flush(run: &Run, application: Option<&ApplicationRef>) -> Result<Reply, ExplainedError> {
    let agent = run.open(Mode::Write).await?;
    let wanted = run.known_or_all(application, &agent)?;
    let stop = run.stop()?;
    for application in waiting(&agent, wanted.as_ref())? {
        windlass_deployment::flush(&agent.engine, &application, &run.principal, Due::Ignored, &stop).await?;
    }
    let deliveries = left(&agent, wanted.as_ref())?;
    let exit = if deliveries.is_empty() { ExitCode::Succeeded } else { ExitCode::Unavailable };
    Ok(Reply { answer: Answer::Outbox { deliveries }, exit })
}

/// Delivers the events whose time has come, and says when the next one is due; none where none waits. An application with a
/// deployment that goes on is left out, because the deployment delivers.
pub(crate) async fn deliver_due(run: &Run, stop: &Stop) -> Result<Option<Timestamp>, ExplainedError> {
    let reading = run.open(Mode::Read).await?;
    let due = due(&reading, None)?;
    let now = reading.journal.now();
    if due.iter().any(|(_, due)| *due <= now) {
        let agent = run.open(Mode::Write).await?;
        for (application, _) in due.into_iter().filter(|(_, due)| *due <= now) {
            match windlass_deployment::flush(&agent.engine, &application, &run.principal, Due::Kept, stop).await {
                Ok(()) | Err(windlass_deployment::Error::Busy { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    first(&reading, Some(now))
}

/// When the next event is due; none where none waits. One whose time has come is due now.
pub(crate) async fn next_due(run: &Run) -> Result<Option<Timestamp>, ExplainedError> {
    first(&run.open(Mode::Read).await?, None)
}

/// The first time at which an event is due, of those that are `due`.
fn first(agent: &Agent, tried: Option<Timestamp>) -> Result<Option<Timestamp>, ExplainedError> {
    // What is held by a deployment is due when that has ended.
    let held = |application: &Instance| windlass_deployment::is_held(&agent.engine, application);
    let due = due(agent, tried)?.into_iter();
    Ok(due.filter(|(application, _)| !held(application)).map(|(_, due)| due).min())
}

/// The applications with events that wait, each with when the first is due. `tried` is when they were tried: what is due since
/// then was not delivered for another reason than its time.
fn due(agent: &Agent, tried: Option<Timestamp>) -> Result<Vec<(Instance, Timestamp)>, ExplainedError> {
    let mut all = Vec::new();
    for application in waiting(agent, None)? {
        let deliveries = agent.journal.undelivered(&application)?;
        let due = deliveries.iter().filter(|delivery| delivery.aside.is_none()).map(|delivery| delivery.due).min();
        if let Some(due) = due.filter(|due| tried.is_none_or(|tried| *due > tried)) {
            all.push((application, due));
        }
    }
    Ok(all)
}

/// Lets an event that was set aside wait again.
pub(super) async fn retry(run: &Run, number: i64) -> Result<Reply, ExplainedError> {
    let agent = run.open(Mode::Write).await?;
    may_decide(run, &agent, number)?;
    match agent.journal.requeue(number, &run.principal)? {
        Requeued::Waits { instance } => {
            run.note(format!("event {number} of {instance} waits again"));
            undelivered(&agent, Some(&instance))
        }
        Requeued::NotSetAside => Err(CommandError::NotSetAside { number }.into()),
        Requeued::Overtaken { instance, recorder, later } => {
            Err(CommandError::Overtaken { number, application: instance.to_string(), recorder, later }.into())
        }
    }
}

/// Gives an event up.
pub(super) async fn give_up(run: &Run, number: i64, reason: &str) -> Result<Reply, ExplainedError> {
    let agent = run.open(Mode::Write).await?;
    may_decide(run, &agent, number)?;
    let dropped = agent.journal.drop_delivery(number, &run.principal, reason)?;
    let application = dropped.ok_or(CommandError::NoDelivery { number })?;
    run.note(format!("event {number} of {application} was removed: its recorder will not be told"));
    undelivered(&agent, Some(&application))
}

/// Refuses who may not decide about an event of the outbox: it belongs to an application.
fn may_decide(run: &Run, agent: &Agent, number: i64) -> Result<(), ExplainedError> {
    run.allow(On::Any)?;
    agent.journal.instance_of(number)?.map_or(Ok(()), |instance| run.allow(On::Application(instance.application())))
}

/// Applications with events that were not delivered.
fn waiting(agent: &Agent, wanted: Option<&Instance>) -> Result<Vec<Instance>, ExplainedError> {
    let applications = agent.journal.status(wanted)?;
    Ok(applications.into_iter().filter(|one| one.undelivered > 0).map(|one| one.instance).collect())
}

/// The events that were not delivered.
fn left(agent: &Agent, wanted: Option<&Instance>) -> Result<Vec<DeliveryFact>, ExplainedError> {
    let mut facts = Vec::new();
    for application in waiting(agent, wanted)? {
        let deliveries = agent.journal.undelivered(&application)?;
        facts.extend(deliveries.into_iter().map(|delivery| facts::delivery(application.as_str(), &delivery)));
    }
    Ok(facts)
}

fn undelivered(agent: &Agent, wanted: Option<&Instance>) -> Result<Reply, ExplainedError> {
    Ok(Reply::succeeded(Answer::Outbox { deliveries: left(agent, wanted)? }))
}
