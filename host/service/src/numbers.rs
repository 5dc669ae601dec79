//! Numbers about the deployments of this host, as its journal has them: they go on where they were when the agent is started anew.

use std::time::Duration;

use windlass_domain::Outcome;
use windlass_foundation::explain::ExplainedError;
use windlass_journal::{Mode, outcome_word};

use crate::run::Run;

/// The most rows of deployments that ended: applications, environments and outcomes of a host are far fewer.
const MOST: u32 = 2_000;

/// The numbers.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    /// Deployments that ended: application, environment, outcome, and how many.
    pub ended: Vec<(String, String, &'static str, u64)>,
    /// How many are open.
    pub open: u64,
    /// How many wait for a person.
    pub stuck: u64,
    /// Each application, and whether it is frozen.
    pub frozen: Vec<(String, bool)>,
    /// Events that recorders have not received yet and will be told.
    pub waiting: u64,
    /// Events that a recorder refused, which wait for a person.
    pub set_aside: u64,
    /// How long ago the deployment ended whose event waits longest.
    pub oldest: Option<Duration>,
}

/// Reads them.
pub(crate) async fn read(run: &Run) -> Result<Numbers, ExplainedError> {
    let agent = run.open(Mode::Read).await?;
    let journal = &agent.journal;
    let ended = journal.ended(MOST)?.into_iter();
    let ended = ended.map(|ended| {
        let outcome: Outcome = ended.outcome;
        (ended.instance.to_string(), ended.environment, outcome_word(outcome), ended.count)
    });
    let mut numbers = Numbers {
        ended: ended.collect(),
        open: count(journal.open_deployments(None)?.len()),
        stuck: count(journal.stuck(None)?.len()),
        ..Numbers::default()
    };
    let now = journal.now();
    for application in journal.status(None)? {
        numbers.frozen.push((application.instance.to_string(), journal.freeze(&application.instance)?.is_some()));
        if application.undelivered == 0 {
            continue;
        }
        for delivery in journal.undelivered(&application.instance)? {
            if delivery.aside.is_some() {
                numbers.set_aside += 1;
                continue;
            }
            numbers.waiting += 1;
            let finished = delivery.event.and_then(|event| event.finished.parse::<jiff::Timestamp>().ok());
            let age = finished.map(|finished| Duration::try_from(now.duration_since(finished)).unwrap_or_default());
            numbers.oldest = numbers.oldest.max(age);
        }
    }
    Ok(numbers)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
