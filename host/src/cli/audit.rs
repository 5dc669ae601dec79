//! `windlass audit verify`.

use windlass_foundation::explain::ExitCode;
use windlass_journal::Mode;
use windlass_report::facts::{AuditFact, Fact};
use windlass_report::{Fault, host};

use super::session::Session;

/// Follows the journal's chain.
pub(super) async fn verify(session: &Session) -> Result<ExitCode, Fault> {
    let agent = session.open(Mode::Read).await?;
    let verification = agent.journal.verify()?;
    let fact = AuditFact {
        intact: verification.faults.is_empty(),
        lines: verification.lines,
        head: (verification.lines > 0).then(|| verification.head.clone()),
        problems: verification.faults.iter().map(ToString::to_string).collect(),
    };
    let intact = fact.intact;
    let width = session.printer.width();
    session.printer.answer(&Fact::Audit(fact.clone()), |_| host::audit(&fact, width));
    Ok(if intact { ExitCode::Succeeded } else { ExitCode::Unexpected })
}
