//! The course of a deployment, from the lines of the journal: when each thing was done, and what the plan changes.
//!
//! The journal says when checks and smoke tests answered, and not when they were asked. All of a kind are asked at once: the
//! checks when the phase begins, the smoke tests when the strategy has found everything healthy.

use jiff::Timestamp;
use windlass_api::facts::{CourseFact, LogFact, SpanFact};
use windlass_domain::{Change, Difference, Phase, Verdict};
use windlass_foundation::progress::FlowPhase;
use windlass_journal::{Event, ProbeResult, Shown};

use super::phases::{self, Passed};

/// The most lines of a log.
const LINES: usize = 1_000;

/// The most bytes of a log's lines.
const BYTES: usize = 1 << 20;

/// The course, without its log. `works` says whether a process works on it now.
pub(crate) fn of(shown: &Shown, works: bool) -> CourseFact {
    let plan = shown.state.plan.as_deref();
    CourseFact {
        changes: plan.map(|plan| plan.changes.iter().map(change).collect()).unwrap_or_default(),
        warnings: plan.map(|plan| plan.warnings.clone()).unwrap_or_default(),
        works,
        spans: spans(shown, works),
        ..CourseFact::default()
    }
}

/// The last lines of a log, and how many lines before them are left out.
pub(crate) fn tail(mut lines: Vec<LogFact>) -> (Vec<LogFact>, usize) {
    let mut bytes = 0;
    let fits = |line: &&LogFact| {
        bytes += line.message.len() + line.source.len();
        bytes <= BYTES
    };
    let kept = lines.iter().rev().take(LINES).take_while(fits).count();
    let left_out = lines.len() - kept;
    (lines.split_off(left_out), left_out)
}

/// A change without the values of environment variables: they are between the operator, the application and the plan.
fn change(change: &Change) -> Change {
    let hidden = |difference: &Difference| {
        let is_variable = difference.field.split('.').any(|part| matches!(part, "environment" | "env"));
        let value =
            |value: &Option<String>| value.as_ref().map(|value| if is_variable { "…" } else { value }.to_owned());
        Difference { field: difference.field.clone(), from: value(&difference.from), to: value(&difference.to) }
    };
    Change { differences: change.differences.iter().map(hidden).collect(), ..change.clone() }
}

/// What goes on while the lines are read.
struct Spans {
    all: Vec<(String, SpanFact)>,
}

impl Spans {
    fn begin(&mut self, id: &str, span: SpanFact) {
        // Another attempt: no process saw the end of the one before.
        self.end(id, &span.began, "interrupted");
        self.all.push((id.to_owned(), span));
    }

    fn end(&mut self, id: &str, time: &str, state: &str) {
        let open = |(of, span): &&mut (String, SpanFact)| of == id && span.ended.is_none();
        if let Some((_, span)) = self.all.iter_mut().rev().find(open) {
            span.ended = Some(time.to_owned());
            state.clone_into(&mut span.state);
        }
    }

    fn interrupt(&mut self, time: &str) {
        for (_, span) in self.all.iter_mut().filter(|(_, span)| span.ended.is_none()) {
            span.ended = Some(time.to_owned());
            "interrupted".clone_into(&mut span.state);
        }
    }
}

/// When each thing was done, in the order in which they began.
fn spans(shown: &Shown, works: bool) -> Vec<SpanFact> {
    let (entries, state) = (&shown.entries, &shown.state);
    let steps = state.plan.iter().flat_map(|plan| &plan.steps);
    let planned: std::collections::BTreeMap<&str, _> = steps.map(|step| (step.id.as_str(), step)).collect();
    let mut spans = Spans { all: Vec::new() };
    let mut phase = Passed { phase: FlowPhase::Resolve, began: state.started, ended: None };
    let mut proved = state.started;
    let mut last: Option<Timestamp> = None;
    for entry in entries {
        let time = entry.time.to_string();
        if let Some(next) = phases::begins(&entry.event) {
            phase = Passed { phase: next, began: entry.time, ended: None };
            proved = entry.time;
        }
        let span = |kind: &str, in_phase: FlowPhase, title: &str, began: Timestamp| SpanFact {
            kind: kind.to_owned(),
            phase: in_phase.word().to_owned(),
            title: title.to_owned(),
            began: began.to_string(),
            ended: None,
            state: "running".to_owned(),
        };
        match &entry.event {
            Event::Resumed { .. } => spans.interrupt(&last.unwrap_or(entry.time).to_string()),
            Event::Closed => spans.interrupt(&time),
            Event::StepStarted { step, .. } => {
                let known = planned.get(step.as_str());
                let sweeps = known.is_some_and(|step| step.phase == Phase::Sweep);
                let in_phase = if sweeps { FlowPhase::Sweep } else { phase.phase };
                let title = known.map_or(step.as_str(), |step| step.title.as_str());
                spans.begin(&format!("step {step}"), span("step", in_phase, title, entry.time));
            }
            Event::StepSucceeded { step, .. } => spans.end(&format!("step {step}"), &time, "done"),
            Event::StepFailed { step, .. } => spans.end(&format!("step {step}"), &time, "failed"),
            Event::UndoStarted { step, .. } => {
                let title = planned.get(step.as_str()).map_or(step.as_str(), |step| step.title.as_str());
                spans.begin(&format!("undo {step}"), span("undo", FlowPhase::Undo, title, entry.time));
            }
            Event::UndoSucceeded { step } => spans.end(&format!("undo {step}"), &time, "done"),
            Event::UndoFailed { step, .. } => spans.end(&format!("undo {step}"), &time, "failed"),
            Event::Checked { name, answer, .. } => {
                spans.begin(name, span("check", FlowPhase::Check, name, phase.began));
                spans.end(name, &time, ended(answer));
            }
            Event::Proved { name, answer, .. } => {
                spans.begin(name, span("smoke", FlowPhase::Verify, name, proved));
                spans.end(name, &time, ended(answer));
                if name == "health" {
                    proved = entry.time;
                }
            }
            _ => {}
        }
        last = Some(entry.time);
    }
    let end = last.unwrap_or(state.started).to_string();
    if !works {
        spans.interrupt(&end);
    }
    let phases = phases::passed(entries).into_iter().map(|passed| SpanFact {
        kind: "phase".to_owned(),
        phase: passed.phase.word().to_owned(),
        title: passed.phase.word().to_owned(),
        began: passed.began.to_string(),
        ended: passed.ended.map(|ended| ended.to_string()).or_else(|| (!works).then(|| end.clone())),
        state: match (passed.ended, works) {
            (Some(_), _) => "done",
            (None, true) => "running",
            (None, false) => "interrupted",
        }
        .to_owned(),
    });
    phases.chain(spans.all.into_iter().map(|(_, span)| span)).collect()
}

/// How a check or a smoke test ended, as a state of a span. An answer that lets the deployment go on is no failure.
fn ended(answer: &ProbeResult) -> &'static str {
    match answer {
        ProbeResult::Report(report) if matches!(report.verdict, Verdict::Pass | Verdict::Warn) => "done",
        ProbeResult::Report(_) | ProbeResult::Failure(_) => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_a_long_log_are_kept_and_the_others_counted() {
        let line = |number: usize, length: usize| LogFact {
            deployment: "d".to_owned(),
            time: number.to_string(),
            source: "web".to_owned(),
            level: "info".to_owned(),
            message: "x".repeat(length),
        };
        for (lines, length, kept) in [(10, 5, 10), (LINES + 7, 5, LINES), (40, BYTES / 8, 7), (1, BYTES * 2, 0)] {
            let (tail, left_out) = tail((0..lines).map(|number| line(number, length)).collect());
            assert_eq!((tail.len(), left_out), (kept, lines - kept));
            assert!(tail.last().is_none_or(|last| last.time == (lines - 1).to_string()));
        }
    }

    #[test]
    fn what_no_process_saw_the_end_of_was_interrupted() {
        let span = |began: &str| SpanFact {
            kind: "step".to_owned(),
            phase: "apply".to_owned(),
            title: "start web".to_owned(),
            began: began.to_owned(),
            ended: None,
            state: "running".to_owned(),
        };
        let mut spans = Spans { all: Vec::new() };
        spans.begin("step a", span("1"));
        spans.begin("step a", span("3"));
        spans.begin("step b", span("4"));
        spans.end("step a", "5", "done");
        spans.end("step c", "5", "done");
        spans.interrupt("6");
        let read: Vec<_> = spans.all.iter().map(|(_, it)| (it.state.as_str(), it.ended.as_deref())).collect();
        assert_eq!(read, [("interrupted", Some("3")), ("done", Some("5")), ("interrupted", Some("6"))]);
    }

    #[test]
    fn what_a_variable_was_and_is_stays_between_the_operator_and_the_application() {
        let difference = |field: &str| Difference { field: field.to_owned(), from: Some("old".to_owned()), to: None };
        let whole = Change {
            subject: "service web".to_owned(),
            action: windlass_domain::Action::Replace,
            cause: "environment changed".to_owned(),
            manner: None,
            differences: vec![
                difference("image"),
                difference("environment.MODE"),
                difference("services.web.environment"),
            ],
        };
        let shown: Vec<_> = change(&whole).differences.into_iter().map(|it| (it.from, it.to)).collect();
        assert_eq!(shown, ["old", "…", "…"].map(|from| (Some(from.to_owned()), None)));
    }
}
