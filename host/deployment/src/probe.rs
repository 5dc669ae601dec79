//! Asking a check, the verification or a smoke test: again after `pending`, again after a failure that may pass, and
//! never beyond the deadline. What an answer means is policy.

mod wait;

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;
use windlass_domain::{Failure, Report, Verdict};
use windlass_foundation::explain::FailureKind;
use windlass_foundation::progress::Progress;
use windlass_journal::{Decision, ProbeResult};

use super::backend::{BackendError, Context, OnDoubt, ProbePolicy};
use super::subject::{Subject, within};
use wait::{Next, Wait};

/// How often a probe is asked anew because what everything runs on was away meanwhile.
const MOST_ANEW: u32 = 3;

/// Asks until there is an answer. Asking changes nothing, so a request to stop ends it at once.
pub(super) async fn ask<'a, F>(subject: &'a Subject<'a>, probe: &ProbePolicy, call: F) -> ProbeResult
where
    F: Fn(&'a Subject<'a>, Context) -> BoxFuture<'a, Result<Report, BackendError>>,
{
    let began = Instant::now();
    subject.notice(Progress::ProbeStarted { name: probe.name.clone() });
    let answer = tokio::select! {
        answer = patiently(subject, probe, call) => answer,
        () = subject.cancelled.cancelled() => Err(BackendError::cancelled("stopped before it answered")),
    };
    let answer = answer.map_err(Failure::from);
    subject.notice(Progress::probe_finished(&probe.name, answer.clone(), began.elapsed()));
    match answer {
        Ok(report) => ProbeResult::Report(report),
        Err(failure) => ProbeResult::Failure(failure),
    }
}

async fn patiently<'a, F>(subject: &'a Subject<'a>, probe: &ProbePolicy, call: F) -> Result<Report, BackendError>
where
    F: Fn(&'a Subject<'a>, Context) -> BoxFuture<'a, Result<Report, BackendError>>,
{
    let backend = &subject.engine.backend;
    let anew_from_here = || {
        let wait = Wait::new(probe.deadline, probe.interval, subject.engine.retry_policy.retry_delay);
        (Instant::now() + probe.deadline, wait, backend.absences())
    };
    let (mut end, mut wait, mut absences) = anew_from_here();
    let (mut attempt, mut anew) = (1, 0);
    loop {
        let began = Instant::now();
        let context = subject.context(&probe.name, attempt, end.saturating_duration_since(began));
        let answer = within(&context, &probe.name, call(subject, context.clone())).await;
        let left = end.saturating_duration_since(Instant::now());
        let (pause, summary) = match wait.next(answer, began.elapsed(), left) {
            Next::Done(answer) => {
                let passed =
                    answer.as_ref().is_ok_and(|report| matches!(report.verdict, Verdict::Pass | Verdict::Warn));
                if passed || anew >= MOST_ANEW || !(backend.was_away().await || backend.absences() > absences) {
                    return answer;
                }
                // What was seen while it ended and began again says nothing about the release.
                (end, wait, absences) = anew_from_here();
                anew += 1;
                (Duration::ZERO, "what it runs on was away; it is asked anew".to_owned())
            }
            Next::Again { pause, summary } => (pause, summary),
        };
        subject.notice(Progress::ProbePending { name: probe.name.clone(), summary });
        tokio::time::sleep(pause).await;
        attempt += 1;
    }
}

/// What policy makes of an answer.
pub(super) fn rule(answer: &ProbeResult, probe: &ProbePolicy) -> Decision {
    let doubt = |on: OnDoubt| match on {
        OnDoubt::Refuse => Decision::Refused,
        OnDoubt::Warn => Decision::Warned,
        OnDoubt::Pass => Decision::Passed,
    };
    match answer {
        ProbeResult::Report(report) => match report.verdict {
            Verdict::Pass => Decision::Passed,
            Verdict::Warn => Decision::Warned,
            Verdict::Fail => Decision::Refused,
            Verdict::Inconclusive | Verdict::Pending => doubt(probe.on_inconclusive),
        },
        // A call that was cancelled is no error of the plugin, so `on-error` does not apply.
        ProbeResult::Failure(failure) if FailureKind::of(failure) == FailureKind::Cancelled => Decision::Refused,
        ProbeResult::Failure(_) => doubt(probe.on_error),
    }
}

/// One line about an answer, for the cause of a refusal or an unwinding.
pub(super) fn line(name: &str, answer: &ProbeResult) -> String {
    match answer {
        ProbeResult::Report(report) => format!("`{name}`: {}", report.summary),
        ProbeResult::Failure(failure) => format!("`{name}` could not run: {}", failure.message),
    }
}
