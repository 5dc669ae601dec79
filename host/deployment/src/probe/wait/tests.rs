//! Every way in which a wait goes on or ends.

use serde_json::json;

use super::*;

const QUICK: Duration = Duration::from_millis(20);

fn wait() -> Wait {
    Wait::new(Duration::from_mins(1), Duration::from_secs(5), Duration::from_secs(1))
}

fn left(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn report(verdict: Verdict, summary: &str) -> Report {
    let finding =
        |id: &str, verdict| Finding { id: id.to_owned(), verdict, title: id.to_owned(), remedy: None, evidence: None };
    let findings = vec![finding("known", Verdict::Pass), finding("open", verdict)];
    Report { verdict, summary: summary.to_owned(), findings, data: Some(json!({ "kept": true })) }
}

fn pending() -> Report {
    report(Verdict::Pending, "not verified yet")
}

fn away() -> BackendError {
    BackendError::new(FailureKind::Unavailable, "the broker is away").retryable_if(true)
}

fn late() -> BackendError {
    BackendError::new(FailureKind::Timeout, "`run` did not end in time")
}

fn pause(next: Next) -> Duration {
    match next {
        Next::Again { pause, .. } => pause,
        Next::Done(answer) => panic!("{answer:?}"),
    }
}

fn done(next: Next) -> Result<Report, BackendError> {
    match next {
        Next::Done(answer) => answer,
        Next::Again { .. } => panic!("{next:?}"),
    }
}

#[test]
fn a_conclusion_ends_the_wait() {
    for verdict in [Verdict::Pass, Verdict::Warn, Verdict::Fail, Verdict::Inconclusive] {
        let answer = done(wait().next(Ok(report(verdict, "so it is")), QUICK, left(50)));
        assert_eq!(answer.unwrap(), report(verdict, "so it is"));
    }
}

#[test]
fn what_is_pending_at_the_deadline_is_inconclusive_with_all_that_was_found() {
    let mut wait = wait();
    assert_eq!(pause(wait.next(Ok(pending()), QUICK, left(50))), left(5));
    let answer = done(wait.next(Ok(pending()), QUICK, left(4))).unwrap();
    assert_eq!(answer.verdict, Verdict::Inconclusive);
    assert_eq!(answer.summary, "still pending after 60 s: not verified yet");
    let found: Vec<_> = answer.findings.iter().map(|finding| (finding.id.as_str(), finding.verdict)).collect();
    assert_eq!(found, [("known", Verdict::Pass), ("open", Verdict::Inconclusive)]);
    assert_eq!(answer.data, Some(json!({ "kept": true })));
}

#[test]
fn failures_in_a_row_are_left_alone_longer_and_an_answer_begins_anew() {
    let mut wait = wait();
    let mut pauses = |answer: Result<Report, BackendError>| pause(wait.next(answer, QUICK, left(59))).as_secs();
    let outage: Vec<u64> = (0..6).map(|_| pauses(Err(away()))).collect();
    assert_eq!(outage, [1, 2, 4, 8, 10, 10]);
    assert_eq!([pauses(Ok(pending())), pauses(Err(away())), pauses(Err(away()))], [5, 1, 2]);
}

#[test]
fn a_server_is_left_alone_as_long_as_it_wants_or_not_asked_again() {
    let limited = |seconds: u64| away().with_facts(Some(json!({ "retry-after": seconds })));
    assert_eq!(pause(wait().next(Err(limited(20)), QUICK, left(59))), left(20));
    let failure = done(wait().next(Err(limited(90)), QUICK, left(59))).unwrap_err();
    assert_eq!(
        failure.message(),
        "the broker is away; it may be asked again in 90 s, and the deadline of 60 s ends before"
    );
    done(wait().next(Err(limited(u64::MAX)), QUICK, left(59))).unwrap_err();
}

#[test]
fn a_call_that_cannot_end_in_time_is_not_begun() {
    let mut wait = wait();
    assert_eq!(pause(wait.next(Err(away()), QUICK, left(3))), left(1), "a call and its pause fit");
    let failure = done(wait.next(Err(away()), QUICK, left(3))).unwrap_err();
    assert_eq!(failure.message(), "the broker is away (after 2 calls that failed)");
    let mut slow = self::wait();
    pause(slow.next(Ok(pending()), left(9), left(20)));
    done(slow.next(Ok(pending()), left(6), left(13))).unwrap();
}

#[test]
fn running_out_of_time_hides_neither_what_is_pending_nor_the_reason() {
    let mut open = wait();
    pause(open.next(Ok(pending()), QUICK, left(50)));
    pause(open.next(Err(away()), QUICK, left(40)));
    let answer = done(open.next(Err(late()), left(30), left(0))).unwrap();
    assert_eq!(answer.verdict, Verdict::Inconclusive);
    let last = answer.findings.last().unwrap();
    assert_eq!(last.title, "the last 2 calls failed: the broker is away");
    let mut closed = wait();
    pause(closed.next(Err(away()), QUICK, left(50)));
    let failure = done(closed.next(Err(late()), left(40), left(0))).unwrap_err();
    assert_eq!((failure.kind().word(), failure.is_retryable()), ("unavailable", true));
    let only = done(wait().next(Err(late()), left(60), left(0))).unwrap_err();
    assert_eq!(only.message(), late().message());
}

#[test]
fn what_only_a_person_can_mend_ends_the_wait_at_once() {
    let denied = BackendError::new(FailureKind::CapabilityDenied, "the broker is away");
    let mut wait = wait();
    pause(wait.next(Ok(pending()), QUICK, left(50)));
    assert_eq!(done(wait.next(Err(denied.clone()), QUICK, left(40))).unwrap_err(), denied);
}
