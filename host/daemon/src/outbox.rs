//! The outbox on time: what a recorder did not take is told again when it is due, without a command. Where nothing waits, nothing
//! wakes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use windlass_deployment::Stop;
use windlass_foundation::explain::ExplainedError;
use windlass_service::Service;

/// How long after an error it is tried again.
const AFTER_ERROR: Duration = Duration::from_mins(5);

/// The longest that is slept at once: the clock of the host may be set meanwhile.
const LONGEST: Duration = Duration::from_hours(1);

/// Delivers what is due until it is asked to stop; what is under way then is not cut off. `ended` is told whenever an
/// operation has ended, which may have left something.
pub(super) async fn keep(
    service: Service,
    ended: Arc<Notify>,
    stopping: CancellationToken,
    warn: impl Fn(&ExplainedError),
) {
    loop {
        let ending = ended.notified();
        let next = match service.deliver_due(&Stop::new()).await {
            Ok(next) => next.map(until),
            Err(error) => {
                warn(&error);
                Some(AFTER_ERROR)
            }
        };
        tokio::select! {
            biased;
            () = stopping.cancelled() => return,
            () = ending => {}
            () = asleep(next) => {}
        }
    }
}

/// How long it is until then.
fn until(due: Timestamp) -> Duration {
    Duration::try_from(due.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO).min(LONGEST)
}

async fn asleep(span: Option<Duration>) {
    match span {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}
