//! Decisions about how long to wait for an answer: when to ask again, when to give up, and which answer counts then.
//!
//! The time is a parameter and the clock is not read here, so that every case is a plain test. What an answer means is
//! decided elsewhere.

use std::time::Duration;

use windlass_domain::{Finding, Report, Verdict};
use windlass_foundation::explain::{Explain as _, FailureKind};

use crate::backend::BackendError;
use crate::retry;

/// The longest pause after failures, unless a server asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What is kept for a call when it is not known yet how long one takes. A short deadline keeps a tenth of itself.
const USUAL_CALL: Duration = Duration::from_secs(2);

/// What is to be done after an answer.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// Nothing more: this is the answer.
    Done(Result<Report, BackendError>),
    /// Ask again.
    Again {
        /// After this time.
        pause: Duration,
        /// What is waited for, as text for the progress sink.
        summary: String,
    },
}

/// One wait for a conclusion.
#[derive(Debug)]
pub(super) struct Wait {
    deadline: Duration,
    interval: Duration,
    retry_delay: Duration,
    /// The last report, which was not a conclusion.
    pending: Option<Report>,
    /// The last failure that is not only about time having run out.
    reason: Option<BackendError>,
    /// Failures since the last report.
    failures: u32,
    /// The longest call that ended with an answer.
    longest: Duration,
}

impl Wait {
    pub(super) fn new(deadline: Duration, interval: Duration, retry_delay: Duration) -> Self {
        Self { deadline, interval, retry_delay, pending: None, reason: None, failures: 0, longest: Duration::ZERO }
    }

    /// What follows from an answer that took a time, when so much time is left.
    pub(super) fn next(&mut self, answer: Result<Report, BackendError>, took: Duration, left: Duration) -> Next {
        let (pause, summary) = match answer {
            Ok(report) if report.verdict == Verdict::Pending => {
                self.longest = self.longest.max(took);
                (self.failures, self.reason) = (0, None);
                let summary = report.summary.clone();
                self.pending = Some(report);
                (self.interval, summary)
            }
            Ok(report) => return Next::Done(Ok(report)),
            Err(failure) if !failure.is_retryable() && *failure.kind() != FailureKind::Timeout => {
                return Next::Done(Err(failure));
            }
            Err(failure) => {
                self.failures += 1;
                let pause = retry::pause(self.retry_delay, LONGEST_PAUSE, self.failures, &failure);
                let again = failure.is_retryable();
                let summary = format!("no answer, asked again in {}: {}", seconds(pause), failure.message());
                if *failure.kind() != FailureKind::Timeout || self.reason.is_none() {
                    self.reason = Some(failure);
                }
                if !again {
                    return Next::Done(self.given_up());
                }
                (pause, summary)
            }
        };
        // A call without enough time left would only time out. That says less than what is known already.
        if pause.saturating_add(self.one_call()) > left {
            return Next::Done(self.given_up());
        }
        Next::Again { pause, summary }
    }

    fn one_call(&self) -> Duration {
        if self.longest.is_zero() { USUAL_CALL.min(self.deadline / 10) } else { self.longest }
    }

    /// The answer at the deadline. One who said that it does not know yet has not failed, whatever happened since:
    /// a failure could be passed over by `on-error`, and what is still open must not be passed over with it.
    fn given_up(&mut self) -> Result<Report, BackendError> {
        let (failures, reason) = (self.failures, self.reason.take());
        match (self.pending.take(), reason) {
            (Some(mut report), reason) => {
                report.verdict = Verdict::Inconclusive;
                report.summary = format!("still pending after {}: {}", seconds(self.deadline), report.summary);
                for finding in report.findings.iter_mut().filter(|finding| finding.verdict == Verdict::Pending) {
                    finding.verdict = Verdict::Inconclusive;
                }
                report.findings.extend(reason.map(|reason| last_call(failures, &reason)));
                Ok(report)
            }
            (None, Some(reason)) => {
                if let Some(wish) = retry::retry_after(&reason).filter(|wish| *wish > self.deadline) {
                    let (wish, deadline) = (seconds(wish), seconds(self.deadline));
                    return Err(reason.reworded(|said| {
                        format!("{said}; it may be asked again in {wish}, and the deadline of {deadline} ends before")
                    }));
                }
                if failures > 1 {
                    return Err(reason.reworded(|said| format!("{said} (after {failures} calls that failed)")));
                }
                Err(reason)
            }
            (None, None) => {
                let message = format!("there was no answer within {}", seconds(self.deadline));
                Err(BackendError::new(FailureKind::Timeout, message))
            }
        }
    }
}

fn last_call(failures: u32, reason: &BackendError) -> Finding {
    let title = match failures {
        0 | 1 => format!("the last call failed: {}", reason.message()),
        _ => format!("the last {failures} calls failed: {}", reason.message()),
    };
    Finding { id: "last-call".to_owned(), verdict: Verdict::Inconclusive, title, remedy: reason.hint(), evidence: None }
}

/// Whole seconds, or milliseconds below one.
fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        _ => format!("{} s", time.as_secs_f64().round()),
    }
}

#[cfg(test)]
mod tests;
