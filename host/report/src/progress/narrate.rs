//! What happens, in words: a verb and what it is about, the verbs in one column.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use windlass_domain::{Action, Failure, Outcome, Plan, Release, Report, Verdict};
use windlass_foundation::explain::failure_hint;
use windlass_foundation::progress::{FlowPhase, Level, Progress};

use crate::outbox::Waiting;
use crate::page::{Ink, Line, Page};
use windlass_foundation::words;

use crate::{error, plan, probe};

/// Columns of the verbs.
const VERB: usize = 11;

/// A step that only waits and took less is not worth a line.
const NOTICEABLE: Duration = Duration::from_millis(100);

/// Something to show.
#[derive(Debug)]
pub(super) enum Told {
    /// A line that stays.
    Line(Line),
    /// A line that stays, also when quiet.
    Warning(Line),
    /// Something is under way until the `End` with the same key.
    Begin {
        /// Identifies it.
        key: String,
        /// `Applying`.
        verb: &'static str,
        /// What.
        text: String,
        /// The line for where there are no bars, if it is worth one.
        plain: Option<Line>,
    },
    /// It says what it is doing.
    Update {
        /// Identifies it.
        key: String,
        /// What.
        text: String,
        /// How far.
        percent: Option<u8>,
        /// The line for where there are no bars, if it is worth one.
        plain: Option<Line>,
    },
    /// It ended.
    End {
        /// Identifies it.
        key: String,
    },
}

impl Told {
    /// The same with keys of the application alone, and with its name where it is one of `several` that are shown. A key
    /// does not depend on that, so that what began before another application was shown can end after it.
    pub(super) fn about(self, application: &str, several: bool) -> Self {
        let key = |key: String| format!("{application} {key}");
        let named = |text: String| if several { format!("{application}: {text}") } else { text };
        let mark = || Line::new().ink(Ink::Bold, format!("{application}:"));
        let marked = |line: Line| if several { mark().join(line) } else { line };
        match self {
            Self::Line(line) => Self::Line(marked(line)),
            Self::Warning(line) => Self::Warning(marked(line)),
            Self::Begin { key: of, verb, text, plain } => {
                Self::Begin { key: key(of), verb, text: named(text), plain: plain.map(marked) }
            }
            Self::Update { key: of, text, percent, plain } => {
                Self::Update { key: key(of), text: named(text), percent, plain: plain.map(marked) }
            }
            Self::End { key: of } => Self::End { key: key(of) },
        }
    }
}

/// Turns the progress of one application into words. Remembers the titles of steps and the phase.
#[derive(Debug)]
pub(super) struct Narrator {
    verbose: bool,
    width: usize,
    phase: Option<FlowPhase>,
    titles: BTreeMap<String, String>,
    /// Steps that only wait or look.
    idle: BTreeSet<String>,
    doing: BTreeMap<String, String>,
    /// The label of the release.
    version: Option<String>,
}

impl Narrator {
    /// A narrator who knows nothing yet.
    pub(super) fn new(verbose: bool, width: usize) -> Self {
        Self {
            verbose,
            width,
            phase: None,
            titles: BTreeMap::new(),
            idle: BTreeSet::new(),
            doing: BTreeMap::new(),
            version: None,
        }
    }

    /// The words for one event.
    pub(super) fn narrate(&mut self, progress: &Progress) -> Vec<Told> {
        match progress {
            Progress::Opened { deployment, application, environment, resumed } => {
                let (verb, to) = if *resumed { ("Resuming", "in") } else { ("Deploying", "to") };
                let text = format!("{application} {to} {environment}");
                vec![Told::Line(said(Ink::Bold, verb, &text).ink(Ink::Dim, format!(" (deployment {deployment})")))]
            }
            Progress::Waiting { holder } => vec![Told::Line(said(Ink::Warn, "Waiting", holder))],
            Progress::PhaseStarted { phase } => self.phase_started(*phase),
            Progress::PhaseFinished { phase, .. } => vec![Told::End { key: phase_key(*phase) }],
            Progress::Resolved { release } => {
                self.version = Some(release.version.clone());
                resolved(release)
            }
            Progress::Planned { plan } => {
                let idle = plan.steps.iter().filter(|step| !step.changes);
                self.idle = idle.map(|step| step.id.clone()).collect();
                planned(plan)
            }
            Progress::ProbeStarted { name } => self.probe_started(name),
            Progress::ProbePending { name, summary } => self.pending(name, summary),
            Progress::ProbeFinished { name, report, failure, took } => {
                let answer = match (report, failure) {
                    (Some(report), _) => Ok(report),
                    (None, Some(failure)) => Err(failure),
                    (None, None) => return Vec::new(),
                };
                self.probe_finished(name, answer, *took)
            }
            Progress::StepStarted { step, title } => self.step_started(step, title),
            Progress::StepFinished { step, took } => self.step_finished(step, *took),
            Progress::StepFailed { step, failure } => self.step_failed("", step, failure),
            Progress::Unwinding { cause } => {
                self.phase = Some(FlowPhase::Undo);
                vec![Told::Warning(said(Ink::Warn, "Unwinding", cause))]
            }
            // There is nothing to undo about having waited.
            Progress::UndoStarted { step, .. } | Progress::UndoFinished { step } if self.idle.contains(step) => {
                Vec::new()
            }
            Progress::UndoStarted { step, title } => {
                self.titles.insert(step.clone(), title.clone());
                vec![Told::Begin { key: step_key(step), verb: "Undoing", text: title.clone(), plain: None }]
            }
            Progress::UndoFinished { step } => {
                let line = said(Ink::Warn, "Undone", self.title(step));
                vec![Told::End { key: step_key(step) }, Told::Line(line)]
            }
            Progress::UndoFailed { step, failure } => self.step_failed("undo of ", step, failure),
            Progress::TellingStarted { recorder, .. } => {
                vec![Told::Begin { key: teller_key(recorder), verb: "Telling", text: recorder.clone(), plain: None }]
            }
            Progress::TellingFinished { recorder, told, summary, took } => {
                let line = told.then(|| {
                    let line = match summary {
                        Some(summary) => said(Ink::Good, "Recorder", &format!("{recorder}: {summary}")),
                        None => said(Ink::Good, "Told", recorder),
                    };
                    Told::Line(line.join(time(*took)))
                });
                std::iter::once(Told::End { key: teller_key(recorder) }).chain(line).collect()
            }
            Progress::SetAside { number, recorder, deployment, version, reason, hint } => {
                let text = format!(
                    "the recorder `{recorder}` rejected deployment {deployment} ({version}) for good: {reason}; it is set \
                     aside until `windlass outbox drop {number} --reason …` removes it"
                );
                self.warned((Ink::Bad, "NOT TOLD"), &text, hint.as_deref())
            }
            Progress::RecordsWait { recorder, count, since, reason, hint, due } => {
                let due = due.to_string();
                let text = Waiting { recorder, count: *count, since, reason: reason.as_deref(), due: &due }.to_string();
                self.warned((Ink::Warn, "Waits"), &text, hint.as_deref())
            }
            Progress::Doing { source, message, percent } => self.doing(source, message, *percent),
            Progress::Log { source, level, message } => self.log(source, *level, message),
            Progress::Settled { outcome: Outcome::Succeeded, took } => {
                let what = format!("{} runs and is proved", self.version.as_deref().unwrap_or("the release"));
                vec![Told::Line(said(Ink::Good, "Succeeded", &what).join(took.map(time).unwrap_or_default()))]
            }
            Progress::Settled { .. } | Progress::Finished { .. } => Vec::new(),
        }
    }

    fn phase_started(&mut self, phase: FlowPhase) -> Vec<Told> {
        self.phase = Some(phase);
        let (verb, text) = match phase {
            FlowPhase::Resolve => ("Resolving", "the release"),
            FlowPhase::Plan => ("Planning", "what changes"),
            // Their parts are shown one by one.
            FlowPhase::Check
            | FlowPhase::Apply
            | FlowPhase::Verify
            | FlowPhase::Record
            | FlowPhase::Sweep
            | FlowPhase::Undo => return Vec::new(),
        };
        vec![Told::Begin { key: phase_key(phase), verb, text: text.to_owned(), plain: None }]
    }

    fn probe_started(&mut self, name: &str) -> Vec<Told> {
        let verb = self.probing(name).0;
        // Checks answer at once; health and smoke tests take their time, so that a log should show them.
        let plain = (verb != "Checking").then(|| said(Ink::Accent, verb, name));
        vec![Told::Begin { key: probe_key(name), verb, text: name.to_owned(), plain }]
    }

    fn pending(&mut self, name: &str, summary: &str) -> Vec<Told> {
        let key = probe_key(name);
        let plain = self.news(&key, summary).then(|| {
            said(Ink::Accent, self.probing(name).0, name).text(": ").ink(Ink::Warn, "pending").text(", ").text(summary)
        });
        vec![Told::Update { key, text: format!("{name}: {summary}"), percent: None, plain }]
    }

    fn probe_finished(&mut self, name: &str, answer: Result<&Report, &Failure>, took: Duration) -> Vec<Told> {
        let (ink, warning) = match answer.map(|report| report.verdict) {
            Ok(Verdict::Pass) => (Ink::Good, false),
            Ok(Verdict::Warn) => (Ink::Warn, true),
            _ => (Ink::Bad, true),
        };
        let line = said(ink, self.probing(name).1, name).text(": ").join(probe::headline(answer)).join(time(took));
        let mut page = Page::new();
        page.push(line);
        let indent = " ".repeat(VERB + 1);
        page.indented(&indent, probe::details(answer, self.verbose, self.width.saturating_sub(indent.len())));
        let lines = page.lines().iter().cloned();
        let told = lines.map(|line| if warning { Told::Warning(line) } else { Told::Line(line) });
        std::iter::once(Told::End { key: probe_key(name) }).chain(told).collect()
    }

    /// The verbs for a probe under way and one that ended.
    fn probing(&self, name: &str) -> (&'static str, &'static str) {
        match self.phase {
            Some(FlowPhase::Verify | FlowPhase::Undo) if name == "health" => ("Verifying", "Verified"),
            Some(FlowPhase::Verify | FlowPhase::Undo) => ("Testing", "Tested"),
            _ => ("Checking", "Checked"),
        }
    }

    fn step_started(&mut self, step: &str, title: &str) -> Vec<Told> {
        self.titles.insert(step.to_owned(), title.to_owned());
        let (verb, _, text) = self.stepping(step);
        let text = text.to_owned();
        let plain = (!self.idle.contains(step) || verb == "Waiting").then(|| said(Ink::Accent, verb, &text));
        vec![Told::Begin { key: step_key(step), verb, text, plain }]
    }

    fn step_finished(&mut self, step: &str, took: Duration) -> Vec<Told> {
        let (_, verb, text) = self.stepping(step);
        let mut told = vec![Told::End { key: step_key(step) }];
        // A milestone that took no time is no useful information.
        if !self.idle.contains(step) || took >= NOTICEABLE {
            told.push(Told::Line(said(Ink::Good, verb, text).join(time(took))));
        }
        told
    }

    fn step_failed(&mut self, what: &str, step: &str, failure: &Failure) -> Vec<Told> {
        let indent = " ".repeat(VERB + 1);
        let mut page = Page::new();
        let (ink, verb) = if failure.code == "cancelled" { (Ink::Warn, "Stopped") } else { (Ink::Bad, "Failed") };
        page.push(said(ink, verb, &format!("{what}{}: {}", self.title(step), failure.message)));
        if let Some(hint) = failure_hint(failure) {
            let mut hints = Page::new();
            error::paragraph(&mut hints, ("hint:", Ink::Accent), &hint, self.width.saturating_sub(indent.len()));
            page.indented(&indent, hints);
        }
        let lines = page.lines().iter().cloned().map(Told::Warning);
        std::iter::once(Told::End { key: step_key(step) }).chain(lines).collect()
    }

    /// A warning with what to do about it.
    fn warned(&self, (ink, verb): (Ink, &str), text: &str, hint: Option<&str>) -> Vec<Told> {
        let indent = " ".repeat(VERB + 1);
        let mut page = Page::new();
        page.wrapped(said(ink, verb, ""), Ink::Plain, text, self.width);
        if let Some(hint) = hint {
            let mut hints = Page::new();
            error::paragraph(&mut hints, ("hint:", Ink::Accent), hint, self.width.saturating_sub(indent.len()));
            page.indented(&indent, hints);
        }
        page.lines().iter().cloned().map(Told::Warning).collect()
    }

    /// The verbs for a step under way and one that ended, and what they are about.
    fn stepping<'a>(&'a self, step: &'a str) -> (&'static str, &'static str, &'a str) {
        let title = self.title(step);
        match (self.phase, title.strip_prefix("wait ")) {
            (Some(FlowPhase::Sweep), _) => ("Sweeping", "Swept", title),
            (_, Some(what)) if self.idle.contains(step) => ("Waiting", "Waited", what),
            _ => ("Applying", "Applied", title),
        }
    }

    fn doing(&mut self, source: &str, message: &str, percent: Option<u8>) -> Vec<Told> {
        let (key, verb, name) = if self.titles.contains_key(source) {
            let (verb, _, text) = self.stepping(source);
            (step_key(source), verb, text.to_owned())
        } else {
            (probe_key(source), self.probing(source).0, source.to_owned())
        };
        // Where there are no bars, a percentage would be a line per step of it.
        let news = self.news(&key, message);
        let plain = (news && percent.is_none()).then(|| said(Ink::Accent, verb, &format!("{name}: {message}")));
        vec![Told::Update { key, text: format!("{name}: {message}"), percent, plain }]
    }

    fn log(&self, source: &str, level: Level, message: &str) -> Vec<Told> {
        let (ink, word) = match level {
            Level::Debug => (Ink::Dim, "debug"),
            Level::Info => (Ink::Dim, "info"),
            Level::Warn => (Ink::Warn, "warn"),
            Level::Error => (Ink::Bad, "error"),
        };
        let name = self.titles.get(source).map_or(source, String::as_str);
        let line = said(ink, word, "").ink(Ink::Bold, name).text(": ").text(message);
        match level {
            Level::Warn | Level::Error => vec![Told::Warning(line)],
            Level::Debug | Level::Info if self.verbose => vec![Told::Line(line)],
            Level::Debug | Level::Info => Vec::new(),
        }
    }

    /// The title of a step, or its id when no title was reported.
    fn title<'a>(&'a self, step: &'a str) -> &'a str {
        self.titles.get(step).map_or(step, String::as_str)
    }

    /// Whether this is not what was said last.
    fn news(&mut self, key: &str, message: &str) -> bool {
        self.doing.insert(key.to_owned(), message.to_owned()).as_deref() != Some(message)
    }
}

/// A verb in its column, and what it is about.
fn said(ink: Ink, verb: &str, text: &str) -> Line {
    Line::new().ink(ink, format!("{verb:>VERB$}")).text(" ").text(text)
}

/// Another thing under the same verb.
fn also(line: Line) -> Line {
    Line::plain(" ".repeat(VERB + 1)).join(line)
}

/// How long something took, behind it.
fn time(took: Duration) -> Line {
    Line::new().ink(Ink::Dim, format!(" ({})", words::duration(took)))
}

fn step_key(step: &str) -> String {
    format!("step {step}")
}

fn probe_key(name: &str) -> String {
    format!("probe {name}")
}

fn teller_key(recorder: &str) -> String {
    format!("recorder {recorder}")
}

fn phase_key(phase: FlowPhase) -> String {
    format!("phase {}", phase.word())
}

/// The release and its images.
fn resolved(release: &Release) -> Vec<Told> {
    let head = said(Ink::Good, "Resolved", &format!("{} {}", release.application, release.version))
        .ink(Ink::Dim, format!(" (release {})", release.short_id()));
    let images = release.artifacts.iter().map(|(name, artifact)| {
        let tag = artifact.tag.as_ref().map(|tag| format!(" {tag}")).unwrap_or_default();
        let local = if artifact.local { " (local image)" } else { "" };
        also(Line::plain(format!("{name}{tag} is {}{local}", words::digest(&artifact.digest))))
    });
    std::iter::once(head).chain(images).map(Told::Line).collect()
}

/// What changes. What is kept is counted, not named.
fn planned(plan: &Plan) -> Vec<Told> {
    let warnings = plan.warnings.iter().map(|warning| Told::Warning(said(Ink::Warn, "Warning", warning)));
    if plan.is_unchanged() {
        let line = Told::Line(said(Ink::Good, "Planned", "nothing: the release already runs"));
        return std::iter::once(line).chain(warnings).collect();
    }
    let mut lines = vec![said(Ink::Good, "Planned", &plan::totals(plan))];
    let changed = plan.changes.iter().filter(|change| change.action != Action::Keep);
    lines.extend(changed.map(|change| also(plan::headline(change))));
    lines.into_iter().map(Told::Line).chain(warnings).collect()
}

#[cfg(test)]
mod tests;
