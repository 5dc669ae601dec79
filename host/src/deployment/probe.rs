//! Asking a check, the verification or a smoke test: again after `pending`, again after a failure that may pass, and
//! never beyond the deadline. What an answer means is policy.

use futures::future::BoxFuture;
use tokio::time::Instant;
use windlass_documents::{Failure, Report, Verdict};

use super::outside::{Context, OnDoubt, Probe};
use super::subject::{Subject, within};
use super::work::failure;
use crate::journal::{Answer, Ruling};
use crate::progress::Progress;

/// How often a failure that may pass is asked about again.
const MOST_FAILURES: u32 = 3;

/// Asks until there is an answer. Asking changes nothing, so a wish to stop ends it at once.
pub(super) async fn ask<'a, F>(subject: &'a Subject<'a>, probe: &Probe, call: F) -> Answer
where
    F: Fn(&'a Subject<'a>, Context) -> BoxFuture<'a, Result<Report, Failure>>,
{
    let engine = subject.engine;
    let began = Instant::now();
    engine.notice(&Progress::ProbeStarted { name: probe.name.clone() });
    let answer = tokio::select! {
        answer = patiently(subject, probe, call) => answer,
        () = subject.cancelled.cancelled() => Err(failure("cancelled", "stopped before it answered")),
    };
    engine.notice(&Progress::ProbeFinished { name: probe.name.clone(), answer: answer.clone(), took: began.elapsed() });
    match answer {
        Ok(report) => Answer::Report(report),
        Err(failure) => Answer::Failure(failure),
    }
}

async fn patiently<'a, F>(subject: &'a Subject<'a>, probe: &Probe, call: F) -> Result<Report, Failure>
where
    F: Fn(&'a Subject<'a>, Context) -> BoxFuture<'a, Result<Report, Failure>>,
{
    let end = Instant::now() + probe.deadline;
    let mut failures = 0;
    let mut attempt = 1;
    loop {
        let remaining = end.saturating_duration_since(Instant::now());
        let context = subject.context(&probe.name, attempt, remaining);
        let answer = within(&context, &probe.name, call(subject, context.clone())).await;
        let (pause, last) = match answer {
            Ok(report) if report.verdict == Verdict::Pending => {
                subject
                    .engine
                    .notice(&Progress::ProbePending { name: probe.name.clone(), summary: report.summary.clone() });
                let message = format!("still pending after {} s: {}", probe.deadline.as_secs(), report.summary);
                (probe.interval, failure("timeout", message))
            }
            Ok(report) => return Ok(report),
            Err(failed) => {
                failures += 1;
                if !failed.retryable || failures >= MOST_FAILURES {
                    return Err(failed);
                }
                (subject.engine.pace.retry_delay * failures, failed)
            }
        };
        if Instant::now() + pause >= end {
            return Err(last);
        }
        tokio::time::sleep(pause).await;
        attempt += 1;
    }
}

/// What policy makes of an answer.
pub(super) fn rule(answer: &Answer, probe: &Probe) -> Ruling {
    let doubt = |on: OnDoubt| match on {
        OnDoubt::Refuse => Ruling::Refused,
        OnDoubt::Warn => Ruling::Warned,
        OnDoubt::Pass => Ruling::Passed,
    };
    match answer {
        Answer::Report(report) => match report.verdict {
            Verdict::Pass => Ruling::Passed,
            Verdict::Warn => Ruling::Warned,
            Verdict::Fail => Ruling::Refused,
            Verdict::Inconclusive | Verdict::Pending => doubt(probe.on_inconclusive),
        },
        // Not having waited long enough is not an error of the one who was asked.
        Answer::Failure(failure) if failure.code == "cancelled" => Ruling::Refused,
        Answer::Failure(_) => doubt(probe.on_error),
    }
}

/// One line about an answer, for the cause of a refusal or an unwinding.
pub(super) fn line(name: &str, answer: &Answer) -> String {
    match answer {
        Answer::Report(report) => format!("`{name}`: {}", report.summary),
        Answer::Failure(failure) => format!("`{name}` broke: {}", failure.message),
    }
}
