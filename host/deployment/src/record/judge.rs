//! What a recorder's failure means for its event: later, or never. A pure function of the failure and of the deployment
//! that it is about.

use windlass_domain::Outcome;
use windlass_foundation::explain::{Explain as _, FailureKind};
use windlass_journal::{Delivery, Refusal};

use crate::backend::BackendError;
use crate::retry::retry_after;

/// Failures that may pass although the plugin does not say so: the operator of this host puts them right (a grant, a
/// secret's value, a permission of its user, an authority's certificate), or the call was ended before there was an answer.
const MAY_PASS: [FailureKind; 6] = [
    FailureKind::CapabilityDenied,
    FailureKind::Unauthorized,
    FailureKind::Forbidden,
    FailureKind::Untrusted,
    FailureKind::Timeout,
    FailureKind::Cancelled,
];

/// How often a refused deployment keeps later ones waiting for a server that wants to be left alone.
const PATIENCE: u32 = 3;

/// What becomes of an event that a recorder did not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Redelivery {
    /// It is delivered later, and all later events wait for it.
    Later,
    /// It is delivered later, unless a later event is delivered first: then it is set aside.
    LaterOrNever,
    /// It is set aside.
    Never,
}

/// Decides by the failure, and by what the event is about: a refused deployment changed nothing, so that what is said of it
/// must not keep back what did.
pub(super) fn judge(failure: &BackendError, delivery: &Delivery) -> Redelivery {
    let refused = delivery.event.as_ref().is_some_and(|event| event.outcome == Outcome::Refused);
    if !failure.is_retryable() && (refused || !may_pass(failure)) {
        return Redelivery::Never;
    }
    let left_alone = retry_after(failure).is_some() && delivery.attempts + 1 < PATIENCE;
    if refused && !left_alone { Redelivery::LaterOrNever } else { Redelivery::Later }
}

fn may_pass(failure: &BackendError) -> bool {
    // What was denied to a plugin may hide behind a code of its own.
    failure.fact("denied").is_some() || MAY_PASS.contains(failure.kind())
}

/// Why it is set aside.
pub(super) fn refusal(failure: &BackendError) -> Refusal {
    Refusal { code: failure.kind().word().to_owned(), reason: failure.message(), hint: failure.hint() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use windlass_domain::Failure;

    use super::*;

    fn delivery(outcome: &str, attempts: u32) -> Delivery {
        let release = json!({
            "format": 1, "id": "r", "application": "a", "version": "1", "artifacts": {},
            "bundle": { "digest": "", "files": {} },
        });
        let event = json!({
            "format": 1, "idempotency-key": "k", "deployment": "d", "sequence": 1, "application": "a",
            "environment": "uat", "host": "h", "outcome": outcome, "rollback": false, "actor": "me",
            "release": release, "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:00:00Z",
        });
        Delivery {
            id: 1,
            recorder: "r".to_owned(),
            deployment: "d".to_owned(),
            event: serde_json::from_value(event).unwrap(),
            attempts,
            due: jiff::Timestamp::UNIX_EPOCH,
            delivered: None,
            facts: None,
            failure: None,
            aside: None,
        }
    }

    #[test]
    fn what_the_operator_can_put_right_waits_and_what_nobody_can_does_not() {
        let failed = |code: &str, retryable: bool, details: serde_json::Value| Failure {
            code: code.to_owned(),
            message: "m".to_owned(),
            retryable,
            details: Some(details),
        };
        let wish = || json!({ "retry-after": 60 });
        for (outcome, attempts, failure, expected) in [
            ("succeeded", 0, failed("not-found", false, json!({})), Redelivery::Never),
            ("succeeded", 0, failed("invalid-config", false, json!({})), Redelivery::Never),
            ("rolled-back", 0, failed("internal", false, json!({})), Redelivery::Never),
            ("succeeded", 0, failed("plugin:x", false, json!({ "denied": ["no"] })), Redelivery::Later),
            ("succeeded", 9, failed("capability-denied", false, json!({})), Redelivery::Later),
            ("succeeded", 0, failed("unauthorized", false, json!({})), Redelivery::Later),
            ("succeeded", 0, failed("forbidden", false, json!({})), Redelivery::Later),
            ("succeeded", 0, failed("untrusted", false, json!({})), Redelivery::Later),
            ("succeeded", 0, failed("timeout", false, json!({})), Redelivery::Later),
            ("succeeded", 9, failed("unavailable", true, wish()), Redelivery::Later),
            ("refused", 0, failed("unavailable", true, json!({})), Redelivery::LaterOrNever),
            ("refused", 0, failed("unavailable", true, wish()), Redelivery::Later),
            ("refused", 2, failed("unavailable", true, wish()), Redelivery::LaterOrNever),
            ("refused", 0, failed("capability-denied", false, json!({})), Redelivery::Never),
        ] {
            let failure = BackendError::from(failure);
            assert_eq!(judge(&failure, &delivery(outcome, attempts)), expected, "{outcome} {failure:?}");
        }
    }
}
