//! `audit verify`.

use windlass_api::facts::AuditFact;
use windlass_api::{Answer, Reply};
use windlass_foundation::explain::{ExitCode, ExplainedError};
use windlass_journal::Mode;

use crate::access::On;
use crate::run::Run;

/// Follows the journal's chain.
pub(super) async fn verify(run: &Run) -> Result<Reply, ExplainedError> {
    run.allow(On::All)?;
    let agent = run.open(Mode::Read).await?;
    let verification = agent.journal.verify()?;
    let audit = AuditFact {
        intact: verification.faults.is_empty(),
        lines: verification.lines,
        head: (verification.lines > 0).then(|| verification.head.clone()),
        problems: verification.faults.iter().map(ToString::to_string).collect(),
    };
    let exit = if audit.intact { ExitCode::Succeeded } else { ExitCode::Unexpected };
    Ok(Reply { answer: Answer::Audit { audit }, exit })
}
