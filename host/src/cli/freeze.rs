//! `windlass freeze` and `windlass unfreeze`: an application is closed to deployments, with a reason, and opened again.

use super::actor;
use super::arguments::{FreezeArguments, UnfreezeArguments};
use super::session::Session;
use crate::journal::Mode;
use crate::report::facts::{Fact, FreezeFact};
use crate::report::{ExitCode, Fault, status};

/// Closes it.
pub(super) async fn freeze(arguments: &FreezeArguments, session: &Session) -> Result<ExitCode, Fault> {
    let name = session.name(&arguments.app)?;
    let agent = session.open(Mode::Write).await?;
    agent.journal.close(&name, &actor::name(), &arguments.reason)?;
    let frozen = agent.journal.freeze(&name)?.as_ref().map(super::present::frozen);
    tell(session, &FreezeFact { application: name, frozen });
    Ok(ExitCode::Succeeded)
}

/// Opens it.
pub(super) async fn unfreeze(arguments: &UnfreezeArguments, session: &Session) -> Result<ExitCode, Fault> {
    let name = session.name(&arguments.app)?;
    let agent = session.open(Mode::Write).await?;
    agent.journal.reopen(&name, &actor::name())?;
    let frozen = agent.journal.freeze(&name)?.as_ref().map(super::present::frozen);
    tell(session, &FreezeFact { application: name, frozen });
    Ok(ExitCode::Succeeded)
}

fn tell(session: &Session, fact: &FreezeFact) {
    session.teller.finish();
    session.printer.answer(&Fact::Freeze(fact.clone()), |_| status::freeze(fact));
}
