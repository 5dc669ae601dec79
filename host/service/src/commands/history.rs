//! `history`.

use windlass_api::command::ApplicationRef;
use windlass_api::facts::HistoryFact;
use windlass_api::{Answer, Reply};
use windlass_foundation::explain::ExplainedError;
use windlass_journal::Mode;

use crate::facts;
use crate::run::Run;

/// Lists deployments, the newest first.
pub(super) async fn run(run: &Run, application: Option<&ApplicationRef>, limit: u32) -> Result<Reply, ExplainedError> {
    let agent = run.open(Mode::Read).await?;
    let application = run.known_or_all(application, &agent)?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let summaries = agent.journal.history(application.as_ref(), limit, None)?;
    let deployments: Vec<HistoryFact> =
        summaries.iter().map(|summary| facts::summary(&agent.journal, summary)).collect();
    Ok(Reply::succeeded(Answer::History { application: application.map(Into::into), deployments }))
}
