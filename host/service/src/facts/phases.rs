//! How long each phase of a deployment took, from the times of its lines.

use jiff::Timestamp;
use windlass_api::facts::PhaseFact;
use windlass_foundation::progress::FlowPhase;
use windlass_journal::{Entry, Event};

use super::elapsed;

/// The phases in their order. An interrupted phase includes the time until the deployment was resumed.
pub(super) fn of(entries: &[Entry]) -> Vec<PhaseFact> {
    let mut phases: Vec<PhaseFact> = Vec::new();
    let mut current: Option<(FlowPhase, Timestamp)> = None;
    let mut swept = None;
    for entry in entries {
        let next = match &entry.event {
            Event::Opened { .. } => Some(FlowPhase::Resolve),
            Event::Resolved { .. } => Some(FlowPhase::Plan),
            Event::Planned { .. } => Some(FlowPhase::Check),
            Event::Applying => Some(FlowPhase::Apply),
            Event::Verifying => Some(FlowPhase::Verify),
            Event::Unwinding { .. } => Some(FlowPhase::Undo),
            Event::Settled { .. } => Some(FlowPhase::Record),
            // The steps after success are those of the sweep, which the last of them ends.
            Event::StepSucceeded { .. } | Event::StepFailed { .. } => {
                if let Some((FlowPhase::Record, since)) = current {
                    swept = Some((since, entry.time));
                }
                None
            }
            _ => None,
        };
        let ends = next.is_some() || matches!(entry.event, Event::Closed);
        if let (Some((phase, mut since)), true) = (current, ends) {
            if let Some((began, ended)) = swept.take() {
                phases.push(PhaseFact { phase: FlowPhase::Sweep.word().to_owned(), took: elapsed(began, ended) });
                since = ended;
            }
            phases.push(PhaseFact { phase: phase.word().to_owned(), took: elapsed(since, entry.time) });
            current = None;
        }
        if let Some(phase) = next {
            current = Some((phase, entry.time));
        }
    }
    phases
}
