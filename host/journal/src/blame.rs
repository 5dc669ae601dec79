//! Whether a deployment failed because of its release, or because of what surrounds it: the engine, a registry, the
//! operator's grants, or a user who stopped it.
//!
//! The decision is made once, when the deployment is settled, and is written in that line. Nothing is refused here.

use windlass_domain::{Failure, Phase, Step};

use super::deployment_state::{CANCELLED, DeploymentState};
use super::format::{Decision, ProbeResult};
use super::transition::StepStatus;

/// Failure codes of what surrounds a release, which a release itself never causes. A retryable `timeout` counts as
/// well: the engine did not answer. A command or a job that takes too long is the fault of the release.
const SURROUNDINGS: &[&str] = &[
    CANCELLED,
    "capability-denied",
    "conflict",
    "disk-full",
    "internal",
    "limit-exceeded",
    "not-found",
    "rate-limited",
    "unauthorized",
    "unavailable",
    "unsupported",
    "untrusted",
];

impl DeploymentState {
    /// Whether the release did what failed: a proof that was looked for and not found, or a step that ran its code or
    /// waited for it.
    #[must_use]
    pub fn release_is_to_blame(&self) -> bool {
        let Some(cause) = &self.cause else { return false };
        if cause.code == CANCELLED {
            return false;
        }
        let mut refused = self.proofs.iter().filter(|proof| proof.decision == Decision::Refused).peekable();
        if refused.peek().is_some() {
            return refused.any(|proof| match &proof.answer {
                ProbeResult::Report(_) => true,
                ProbeResult::Failure(failure) => own(failure),
            });
        }
        // A failure of the steps that end the old version during the verification is only reported: it causes no undo.
        let mut steps = self.planned(Phase::Apply);
        steps.retain(|step| !step.is_during_verify());
        let failures = |step: &&Step| self.steps.get(&step.id).and_then(|step| step.failure.clone());
        let mut failed = steps
            .iter()
            .filter_map(|step| failures(step).map(|failure| (*step, failure)))
            .filter(|(_, failure)| failure.code != CANCELLED)
            .peekable();
        if failed.peek().is_some() {
            return failed.any(|(step, failure)| self.ran(step) && own(&failure));
        }
        cause.code == "timeout" && self.was_slow(&steps)
    }

    /// Whether a step ran the release's code, or waited for what an earlier one ran.
    fn ran(&self, step: &Step) -> bool {
        let started = |step: &&Step| step.may_run_release() && self.step_status(&step.id) != StepStatus::Waiting;
        step.may_run_release() || !step.changes && self.planned(Phase::Apply).iter().any(started)
    }

    /// Whether it was the release that was waited for when the time of the whole deployment was up: in a step, or for its
    /// proof after all steps.
    fn was_slow(&self, steps: &[&Step]) -> bool {
        let mut begun = steps.iter().filter(|step| self.steps.contains_key(&step.id));
        let is_done = |step: &&&Step| self.steps.get(&step.id).is_some_and(|step| step.output.is_some());
        let all_done = steps.iter().all(|step| is_done(&step));
        all_done || begun.any(|step| !is_done(&step) && self.ran(step))
    }
}

fn own(failure: &Failure) -> bool {
    let passes = failure.code == "timeout" && failure.retryable;
    !passes && !SURROUNDINGS.contains(&failure.code.as_str())
}
