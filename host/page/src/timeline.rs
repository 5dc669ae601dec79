//! Where the time of a deployment went: its phases and what was done in each, as bars on one axis.
//!
//! The bars are SVG, whose lengths are attributes: a style in an attribute is what the policy of the page forbids. Each bar
//! has its duration and its state as text beside it.

use jiff::Timestamp;
use maud::{Markup, html};
use windlass_api::facts::{CourseFact, DeploymentFact, SpanFact};
use windlass_foundation::words;

use super::badge::{Tone, badge};
use super::text;

/// The most bars.
const BARS: usize = 400;

/// The most ticks of an axis.
const TICKS: i64 = 5;

/// What may be between two ticks, in milliseconds; multiples of a day follow.
const STEPS: &[i64] = &[
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000,
    3_600_000, 7_200_000, 14_400_000, 28_800_000, 86_400_000,
];

/// What the bars have in common.
struct Axis {
    began: Timestamp,
    now: Timestamp,
    /// How long the whole is, in milliseconds.
    length: i64,
    /// What is between two ticks, in milliseconds.
    step: i64,
}

impl Axis {
    /// The axis of what has a time at all.
    fn of(spans: &[Timed<'_>], now: Timestamp) -> Option<Self> {
        let began = spans.iter().map(|span| span.began).min()?;
        let ended = spans.iter().map(|span| span.ended.unwrap_or(now)).max()?;
        let length = milliseconds(began, ended).max(1);
        let fits = |step: &&i64| length / **step <= TICKS;
        let step = STEPS.iter().find(fits).copied().unwrap_or((length / TICKS).max(1));
        Some(Self { began, now, length, step })
    }

    /// A place on it in percent, with one decimal.
    fn place(&self, milliseconds: i64) -> String {
        let permille = milliseconds.clamp(0, self.length).saturating_mul(1_000) / self.length;
        format!("{}.{}%", permille / 10, permille % 10)
    }

    /// A length on it. One that is too short for a decimal is still there.
    fn width(&self, milliseconds: i64) -> String {
        let width = self.place(milliseconds);
        if width == "0.0%" { "1".to_owned() } else { width }
    }

    fn ticks(&self) -> impl Iterator<Item = i64> {
        let (step, length) = (self.step, self.length);
        (0..=TICKS).map(move |number| number.saturating_mul(step)).take_while(move |tick| *tick < length)
    }

    /// The ticks as lines, and a bar before them.
    fn bar(&self, span: Option<&Timed<'_>>) -> Markup {
        html! {
            svg width="100%" height="16" aria-hidden="true" {
                @for tick in self.ticks() {
                    @let x = self.place(tick);
                    line.tick x1=(x) x2=(x) y1="0" y2="16" {}
                }
                @if let Some(span) = span {
                    @let begins = milliseconds(self.began, span.began);
                    @let lasts = milliseconds(span.began, span.ended.unwrap_or(self.now));
                    rect.(kind(span.fact)).(state(&span.fact.state)) x=(self.place(begins)) width=(self.width(lasts)) y="4" height="8" {}
                }
            }
        }
    }

    fn labels(&self) -> Markup {
        html! {
            svg width="100%" height="16" aria-hidden="true" {
                @for tick in self.ticks() {
                    @let x = self.place(tick);
                    line.tick x1=(x) x2=(x) y1="11" y2="16" {}
                    text x=(x) dx="3" y="11" { (short(tick)) }
                }
            }
        }
    }
}

/// A span with its times read.
struct Timed<'a> {
    fact: &'a SpanFact,
    began: Timestamp,
    ended: Option<Timestamp>,
}

impl<'a> Timed<'a> {
    fn of(fact: &'a SpanFact) -> Option<Self> {
        let began = fact.began.parse().ok()?;
        let ended = fact.ended.as_ref().map(|ended| ended.parse()).transpose().ok()?;
        Some(Self { fact, began, ended })
    }
}

/// A phase with what was done in it.
struct Group<'a> {
    /// None where the phase itself is not on record yet.
    phase: Option<&'a Timed<'a>>,
    word: &'a str,
    inside: Vec<&'a Timed<'a>>,
}

/// What goes on now, in one sentence.
pub(crate) fn now(fact: &DeploymentFact, course: &CourseFact) -> String {
    /// The most things that are named.
    const NAMED: usize = 3;
    let running = || course.spans.iter().filter(|span| span.state == "running");
    let of =
        |phase: bool| running().filter(move |span| (span.kind == "phase") == phase).map(|span| span.title.as_str());
    let inside: Vec<&str> = of(false).take(NAMED).collect();
    let phase = of(true).next_back().unwrap_or("the next phase");
    let what = if inside.is_empty() { String::new() } else { format!(": {}", inside.join(", ")) };
    format!("{} in {}, {phase}{what}", fact.application, fact.environment)
}

/// A section about the whole; none where nothing is known.
pub(crate) fn section(fact: &DeploymentFact, course: &CourseFact, now: Timestamp) -> Markup {
    let (shown, more) = text::some(&course.spans, BARS);
    let spans: Vec<Timed<'_>> = shown.iter().filter_map(Timed::of).collect();
    let Some(axis) = Axis::of(&spans, now) else { return html! {} };
    let waiting: Vec<_> = fact.steps.iter().filter(|step| course.works && step.state == "waiting").take(BARS).collect();
    html! {
        section {
            h2 { "Timeline" }
            table.timeline {
                caption { "from " (words::timestamp(axis.began)) }
                thead { tr {
                    th scope="col" { "what" }
                    th.axis scope="col" { span.hidden { "when" } (axis.labels()) }
                    th.number scope="col" { "took" }
                    th scope="col" { "state" }
                } }
                @for group in groups(&spans) {
                    tbody {
                        @match group.phase {
                            Some(phase) => (row(&axis, phase, &html! { (text::line(group.word)) }, true)),
                            None => { tr.phase { th scope="row" { (text::line(group.word)) } td.axis { (axis.bar(None)) } td.number {} td {} } }
                        }
                        @for span in &group.inside { (row(&axis, span, &title(span.fact), false)) }
                    }
                }
                @if !waiting.is_empty() {
                    tbody {
                        @for step in &waiting {
                            tr { th scope="row" { (text::line(&step.title)) } td.axis { (axis.bar(None)) } td.number {} td.state { span.dim { "waiting" } } }
                        }
                    }
                }
            }
            (text::more(more, "bar"))
        }
    }
}

fn row(axis: &Axis, span: &Timed<'_>, title: &Markup, is_phase: bool) -> Markup {
    let took = milliseconds(span.began, span.ended.unwrap_or(axis.now));
    let took = words::duration(std::time::Duration::from_millis(took.unsigned_abs()));
    html! {
        tr.phase[is_phase] {
            th scope="row" { (title) }
            td.axis { (axis.bar(Some(span))) }
            td.number { (took) }
            td.state { (word(&span.fact.state)) }
        }
    }
}

/// What was done: checks, smoke tests and what is undone say that they are.
fn title(fact: &SpanFact) -> Markup {
    let before = match fact.kind.as_str() {
        "check" => "check ",
        "undo" => "undo ",
        "smoke" if fact.title != "health" => "smoke test ",
        _ => "",
    };
    html! { @if !before.is_empty() { span.dim { (before) } } (text::line(&fact.title)) }
}

/// The phases in their order, each with what began in it.
fn groups<'a>(spans: &'a [Timed<'a>]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for span in spans.iter().filter(|span| span.fact.kind == "phase") {
        groups.push(Group { phase: Some(span), word: &span.fact.phase, inside: Vec::new() });
    }
    for span in spans.iter().filter(|span| span.fact.kind != "phase") {
        let began = |group: &Group<'_>| group.phase.is_none_or(|phase| phase.began <= span.began);
        let of = |group: &&mut Group<'_>| group.word == span.fact.phase && began(group);
        match groups.iter_mut().rev().find(of) {
            Some(group) => group.inside.push(span),
            None => groups.push(Group { phase: None, word: &span.fact.phase, inside: vec![span] }),
        }
    }
    groups
}

/// The class of a bar by what it is. Words from outside never become classes.
fn kind(fact: &SpanFact) -> &'static str {
    match fact.kind.as_str() {
        "phase" => "of-phase",
        "undo" => "of-undo",
        _ => "of-step",
    }
}

fn state(state: &str) -> &'static str {
    match state {
        "done" => "is-done",
        "failed" => "is-failed",
        "running" => "is-running",
        _ => "is-interrupted",
    }
}

fn word(state: &str) -> Markup {
    match state {
        "done" => html! { span.dim { "done" } },
        "failed" => badge(Tone::Bad, "failed"),
        "running" => badge(Tone::Live, "running"),
        other => badge(Tone::Warn, other),
    }
}

/// A tick in few characters: `0`, `500ms`, `10s`, `2m`, `1h`.
fn short(milliseconds: i64) -> String {
    match milliseconds {
        0 => "0".to_owned(),
        ms if ms % 1_000 != 0 => format!("{}.{}s", ms / 1_000, ms % 1_000 / 100),
        ms if ms % 60_000 != 0 => format!("{}s", ms / 1_000),
        ms if ms % 3_600_000 != 0 => format!("{}m", ms / 60_000),
        ms => format!("{}h", ms / 3_600_000),
    }
}

fn milliseconds(from: Timestamp, to: Timestamp) -> i64 {
    i64::try_from(to.duration_since(from).as_millis()).unwrap_or(i64::MAX).max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(kind: &str, phase: &str, title: &str, began: &str, ended: Option<&str>) -> SpanFact {
        let at = |time: &str| format!("2026-08-21T14:{time}Z");
        SpanFact {
            kind: kind.to_owned(),
            phase: phase.to_owned(),
            title: title.to_owned(),
            began: at(began),
            ended: ended.map(at),
            state: if ended.is_some() { "done" } else { "running" }.to_owned(),
        }
    }

    #[test]
    fn what_was_done_stands_under_the_phase_in_which_it_began() {
        let facts = [
            span("phase", "plan", "plan", "00:00", Some("00:01")),
            span("phase", "check", "check", "00:01", Some("00:03")),
            span("phase", "plan", "plan", "00:03", Some("00:04")),
            span("phase", "check", "check", "00:04", None),
            span("check", "check", "host", "00:01", Some("00:02")),
            span("check", "check", "host", "00:04", Some("00:05")),
            span("step", "sweep", "remove", "00:05", None),
        ];
        let spans: Vec<_> = facts.iter().filter_map(Timed::of).collect();
        let read: Vec<_> = groups(&spans).iter().map(|group| (group.word, group.inside.len())).collect();
        assert_eq!(read, [("plan", 0), ("check", 1), ("plan", 0), ("check", 1), ("sweep", 1)]);
    }

    #[test]
    fn an_axis_has_few_round_ticks_whatever_its_length() {
        let now: Timestamp = "2026-09-21T14:00:00Z".parse().unwrap();
        for (ended, ticks) in [
            ("00:00.001", vec!["0"]),
            ("00:00.45", vec!["0", "0.1s", "0.2s", "0.3s", "0.4s"]),
            ("00:19.1", vec!["0", "5s", "10s", "15s"]),
            ("07:00", vec!["0", "2m", "4m", "6m"]),
        ] {
            let facts = [span("phase", "apply", "apply", "00:00", Some(ended))];
            let spans: Vec<_> = facts.iter().filter_map(Timed::of).collect();
            let axis = Axis::of(&spans, now).unwrap();
            assert_eq!(axis.ticks().map(short).collect::<Vec<_>>(), ticks, "{ended}");
        }
        let facts = [span("phase", "apply", "apply", "00:00", None)];
        let spans: Vec<_> = facts.iter().filter_map(Timed::of).collect();
        let axis = Axis::of(&spans, now).unwrap();
        assert!(axis.ticks().count() <= 6 && axis.place(i64::MAX) == "100.0%");
    }

    #[test]
    fn times_that_are_none_and_a_clock_that_was_set_back_break_nothing() {
        let back =
            SpanFact { ended: Some("2026-08-21T13:00:00Z".to_owned()), ..span("step", "apply", "x", "00:00", None) };
        let none = SpanFact { began: "<b>".to_owned(), ..back.clone() };
        let course = CourseFact { spans: vec![back, none], ..CourseFact::default() };
        let fact = crate::tests::deployment("rolled-back");
        let page = section(&fact, &course, Timestamp::UNIX_EPOCH).into_string();
        assert!(page.contains("x=\"0.0%\"") && !page.contains("<b>"), "{page}");
    }
}
