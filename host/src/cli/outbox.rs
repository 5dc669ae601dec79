//! `windlass outbox`: events that recorders have not received, their delivery, and what a person decides about those
//! that a recorder will never take.

use windlass_foundation::explain::ExitCode;
use windlass_journal::{Mode, Requeued};
use windlass_report::facts::Fact;
use windlass_report::page::Line;
use windlass_report::{Fault, outbox};
use windlass_service::agent::Agent;

use super::arguments::OutboxCommand;
use super::error::CliError;
use super::session::Session;
use super::{Target, present};

/// Carries out one of them.
pub(super) async fn run(command: &OutboxCommand, session: &Session) -> Result<ExitCode, Fault> {
    match command {
        OutboxCommand::List { app } => {
            let agent = session.open(Mode::Read).await?;
            let wished = app.as_ref().map(|app| session.known(app, &agent)).transpose()?;
            tell(&agent, wished.as_deref(), session).map(|_| ExitCode::Succeeded)
        }
        OutboxCommand::Flush { app } => flush(app.as_ref(), session).await,
        OutboxCommand::Retry { number } => {
            let agent = session.open(Mode::Write).await?;
            match agent.journal.requeue(*number, &session.actor())? {
                Requeued::Waits { application } => {
                    session.printer.status(&Line::plain(format!("event {number} of {application} waits again")));
                    tell(&agent, Some(&application), session).map(|_| ExitCode::Succeeded)
                }
                Requeued::NotSetAside => Err(CliError::NotSetAside { number: *number }.into()),
                Requeued::Overtaken { application, recorder, later } => {
                    Err(CliError::Overtaken { number: *number, application, recorder, later }.into())
                }
            }
        }
        OutboxCommand::Drop { number, reason } => {
            let agent = session.open(Mode::Write).await?;
            let dropped = agent.journal.drop_delivery(*number, &session.actor(), reason)?;
            let application = dropped.ok_or(CliError::NoDelivery { number: *number })?;
            session.printer.status(&Line::plain(format!(
                "event {number} of {application} was removed: its recorder will not be told"
            )));
            tell(&agent, Some(&application), session).map(|_| ExitCode::Succeeded)
        }
    }
}

/// Delivers the events of these applications to their recorders, one application after the other.
async fn flush(app: Option<&Target>, session: &Session) -> Result<ExitCode, Fault> {
    let agent = session.open(Mode::Write).await?;
    let wished = app.map(|app| session.known(app, &agent)).transpose()?;
    let stop = session.stop()?;
    for application in waiting(&agent, wished.as_deref())? {
        windlass_deployment::flush(&agent.engine, &application, &session.actor(), &stop).await?;
    }
    let left = tell(&agent, wished.as_deref(), session)?;
    Ok(if left == 0 { ExitCode::Succeeded } else { ExitCode::Unavailable })
}

/// Applications with events that were not delivered.
fn waiting(agent: &Agent, wished: Option<&str>) -> Result<Vec<String>, Fault> {
    let applications = agent.journal.status(wished)?;
    Ok(applications.into_iter().filter(|one| one.undelivered > 0).map(|one| one.name).collect())
}

/// Shows the undelivered events. Returns how many there are.
fn tell(agent: &Agent, wished: Option<&str>, session: &Session) -> Result<usize, Fault> {
    let mut facts = Vec::new();
    for application in waiting(agent, wished)? {
        let deliveries = agent.journal.undelivered(&application)?;
        facts.extend(deliveries.into_iter().map(|delivery| present::delivery(&application, &delivery)));
    }
    session.teller.finish();
    let left = facts.len();
    let width = session.printer.width();
    session.printer.list(facts, Fact::Delivery, |facts| outbox::page(facts, width));
    Ok(left)
}
