//! How long each phase of a deployment took, from the times of its lines.

use jiff::Timestamp;
use windlass_api::facts::PhaseFact;
use windlass_foundation::progress::FlowPhase;
use windlass_journal::{Entry, Event};

use super::elapsed;

/// A phase, and when it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) phase: FlowPhase,
    pub(super) began: Timestamp,
    /// None while it goes on.
    pub(super) ended: Option<Timestamp>,
}

/// The phases that ended, in their order. An interrupted phase includes the time until the deployment was resumed.
pub(super) fn of(entries: &[Entry]) -> Vec<PhaseFact> {
    let passed = passed(entries);
    let fact = |passed: &Passed| {
        let took = elapsed(passed.began, passed.ended?);
        Some(PhaseFact { phase: passed.phase.word().to_owned(), took })
    };
    passed.iter().filter_map(fact).collect()
}

/// The phases in their order; at most the last one has not ended.
pub(super) fn passed(entries: &[Entry]) -> Vec<Passed> {
    let mut phases = Vec::new();
    let mut current: Option<Passed> = None;
    let mut swept = None;
    for entry in entries {
        let next = begins(&entry.event);
        // The steps after success are those of the sweep, which the last of them ends.
        if let (Some(Passed { phase: FlowPhase::Record, began, .. }), true) = (current, ends_step(&entry.event)) {
            swept = Some(Passed { phase: FlowPhase::Sweep, began, ended: Some(entry.time) });
        }
        if next.is_none() && !matches!(entry.event, Event::Closed) {
            continue;
        }
        if let Some(mut passed) = current.take() {
            if let Some(sweep) = swept.take() {
                passed.began = sweep.ended.unwrap_or(passed.began);
                phases.push(sweep);
            }
            phases.push(Passed { ended: Some(entry.time), ..passed });
        }
        current = next.map(|phase| Passed { phase, began: entry.time, ended: None });
    }
    phases.extend(current);
    phases
}

/// The phase that begins with a line.
pub(super) fn begins(event: &Event) -> Option<FlowPhase> {
    match event {
        Event::Opened { .. } => Some(FlowPhase::Resolve),
        Event::Resolved { .. } => Some(FlowPhase::Plan),
        Event::Planned { .. } => Some(FlowPhase::Check),
        Event::Applying => Some(FlowPhase::Apply),
        Event::Verifying => Some(FlowPhase::Verify),
        Event::Unwinding { .. } => Some(FlowPhase::Undo),
        Event::Settled { .. } => Some(FlowPhase::Record),
        _ => None,
    }
}

fn ends_step(event: &Event) -> bool {
    matches!(event, Event::StepSucceeded { .. } | Event::StepFailed { .. })
}
