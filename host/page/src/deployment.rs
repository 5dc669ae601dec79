//! One deployment: how it ended, who asked for it and why, where its time went, and what each part of it said.

use maud::{Markup, html};
use windlass_api::facts::{CourseFact, DeploymentFact, LogFact, PrincipalFact, RecordFact, ReleaseFact};
use windlass_domain::Failure;
use windlass_foundation::words;

use super::badge::{Tone, badge, outcome};
use super::frame::{Change, View};
use super::{application, failure, plan, probes, text, time, timeline};

/// The most recorders, objects and hints, each.
const MOST: usize = 100;

pub(super) fn page(view: &View<'_>, fact: &DeploymentFact, course: &CourseFact) -> String {
    let (word, sentence) = fact.sentence();
    let version = fact.release.as_ref().map_or("", ReleaseFact::name);
    let (tone, word) = match (fact.outcome.as_str(), course.works) {
        ("open", true) => (Tone::Live, "running"),
        ("open", false) => (Tone::Bad, "interrupted"),
        (outcome, _) => (self::outcome(outcome), word),
    };
    let sentence = if course.works { timeline::now(fact, course) } else { sentence };
    let content = html! {
        h1 { (view.application(&fact.application)) " " (text::line(version)) }
        p.outcome.(tone.class()) { strong { (badge(tone, word)) } " " (text::prose(&sentence)) }
        (failures(fact))
        (left_behind(fact))
        // What to do about one that was interrupted is nothing to do while it runs.
        @if !course.works { (next(fact)) }
        (facts(view, fact))
        (timeline::section(fact, course, view.now))
        (plan::section(&course.changes, &course.warnings))
        (probes::section("Checks", &fact.checks))
        (probes::section("Verification", &fact.smoke))
        (records(view, &fact.records))
        (images(fact))
        (log(course))
    };
    let title = format!("{} {version} {word}", fact.application);
    let change = if fact.outcome == "open" { Change::Now } else { Change::Never };
    view.page_about(Some(&fact.deployment), &title, change, &content)
}

/// What failed, on the way there and on the way back.
fn failures(fact: &DeploymentFact) -> Markup {
    let told = fact.failure.as_ref().map_or("", |failure| failure.message.as_str());
    // The failure of one that is stuck has both reasons already.
    let undo = fact.undo_failure.iter().filter(|undo| !told.contains(&undo.message));
    // Nothing failed where it was stopped, and the sentence says who did.
    let there = fact.failure.iter().filter(|_| !fact.cancelled);
    let all: Vec<(&str, &Failure)> = there.map(|it| ("error", it)).chain(undo.map(|it| ("not undone", it))).collect();
    html! { @for (heading, failure) in all { (failure::callout(heading, failure)) } }
}

/// What a person has to put in order.
fn left_behind(fact: &DeploymentFact) -> Markup {
    let (things, more) = text::some(&fact.left_behind, MOST);
    let (objects, others) = text::some(&fact.left_objects, MOST);
    html! {
        @if !things.is_empty() {
            h2 { "Left behind" }
            ul { @for thing in things { li { (text::line(thing)) } } }
            (text::more(more, "step"))
        }
        @if !objects.is_empty() {
            table.stack {
                caption { "on the engine now" }
                thead { tr {
                    th scope="col" { "kind" } th scope="col" { "name" } th scope="col" { "state" }
                    th scope="col" { "look" } th scope="col" { "act" }
                } }
                tbody { @for object in objects { tr {
                    td data-label="kind" { (text::line(&object.kind)) }
                    th scope="row" data-label="name" { (text::line(&object.name)) }
                    td data-label="state" {
                        (text::line(object.state.as_deref().unwrap_or_default()))
                        @if !object.of_this_deployment { span.dim { " of an earlier deployment" } }
                    }
                    td.wide data-label="look" { code { (text::line(&object.look)) } }
                    td.wide data-label="act" { code { (text::line(&object.act)) } }
                } } }
            }
            (text::more(others, "object"))
        }
        @if let Some(why) = &fact.left_unknown { p { "What is on the engine now is not known: " (text::prose(why)) } }
    }
}

fn next(fact: &DeploymentFact) -> Markup {
    html! {
        @if !fact.next.is_empty() {
            ul.next aria-label="next" { @for next in fact.next.iter().take(MOST) { li { (text::prose(next)) } } }
        }
    }
}

/// Who, when, why, which.
fn facts(view: &View<'_>, fact: &DeploymentFact) -> Markup {
    let release = |release: &ReleaseFact| {
        html! {
            (text::line(&release.version)) " "
            span.mono.dim title=(text::line(&release.id)) { (text::line(&words::digest(&release.id))) }
            @if let Some(commit) = &release.commit { " commit " span.mono { (text::line(commit)) } }
        }
    };
    html! {
        dl {
            dt { "deployment" }
            dd { span.mono { (view.deployment(&fact.deployment)) } span.dim { " number " (fact.sequence) " on this host" } }
            @if fact.rollback { dt { "kind" } dd { "rollback" } }
            @if let Some(it) = &fact.release { dt { "release" } dd { (release(it)) } }
            @if let Some(it) = &fact.previous { dt { "before" } dd { (release(it)) } }
            dt { "by" } dd { (text::line(PrincipalFact::sentence(fact.principal.as_ref(), &fact.actor))) }
            @if let Some(reason) = &fact.reason { dt { "reason" } dd { (text::line(reason)) } }
            @if let Some(glass) = &fact.break_glass {
                dt { "break-glass" } dd { (badge(Tone::Warn, "refusals were passed over")) " " (text::line(glass)) }
            }
            dt { "began" } dd { (time::time(&fact.started, view.now)) }
            @if let Some(finished) = &fact.finished {
                dt { "ended" }
                dd { (time::time(finished, view.now)) @if fact.took.is_some() { ", after " (time::took(fact.took)) } }
            }
            @if let Some(answer) = &fact.resolved {
                dt { "resolved" }
                dd {
                    "by " (text::line(PrincipalFact::sentence(answer.principal.as_ref(), &answer.actor))) ", "
                    (time::time(&answer.time, view.now)) ": " (text::line(&answer.reason))
                }
            }
        }
    }
}

/// What became of telling each recorder.
fn records(view: &View<'_>, records: &[RecordFact]) -> Markup {
    let (rows, more) = text::some(records, MOST);
    html! {
        @if !rows.is_empty() {
            section {
                h2 { "Records" }
                table.stack {
                    caption { "what recorders were told" }
                    thead { tr {
                        th scope="col" { "recorder" } th scope="col" { "state" } th scope="col" { "when" }
                        th scope="col" { "what it says" }
                    } }
                    tbody { @for record in rows {
                        @let tone = match record.state.as_str() {
                            "told" => Tone::Good, "waiting" | "given-up" => Tone::Warn, _ => Tone::Bad,
                        };
                        tr {
                            th scope="row" data-label="recorder" { (text::line(&record.recorder)) }
                            td data-label="state" { (badge(tone, &record.state.replace('-', " "))) }
                            td data-label="when" { @if let Some(it) = &record.time { (time::time(it, view.now)) } }
                            td.wide data-label="what it says" {
                                @for said in record.summary.iter().chain(&record.failure) { (text::prose(said)) " " }
                            }
                        }
                    } }
                }
                (text::more(more, "recorder"))
            }
        }
    }
}

fn images(fact: &DeploymentFact) -> Markup {
    html! {
        @if let Some(release) = &fact.release {
            @if !release.artifacts.is_empty() {
                section { h2 { "Images" } (application::images("images of the release", release.artifacts.iter())) }
            }
        }
        @if let Some(previous) = &fact.previous {
            @if !previous.artifacts.is_empty() {
                details #before {
                    summary { "images of what ran before" }
                    (application::images("images before", previous.artifacts.iter()))
                }
            }
        }
    }
}

/// What plugins and steps said.
fn log(course: &CourseFact) -> Markup {
    let tone = |level: &str| match level {
        "error" => Some("bad"),
        "warn" => Some("warn"),
        "debug" => Some("dim"),
        _ => None,
    };
    html! {
        @if !course.log.is_empty() {
            section {
                h2 { "Log" }
                details #log {
                    summary { (words::count(course.log.len(), "line")) }
                    @if course.log_left_out > 0 {
                        p.dim { (words::count(course.log_left_out, "line")) " before these are left out: `windlass logs` has them" }
                    }
                    div.log {
                        @for line in &course.log {
                            p class=[tone(&line.level)] {
                                time datetime=(text::line(&line.time)) { (hour(line)) }
                                " " span.level { (text::line(&line.level)) } " " strong { (text::line(&line.source)) } " "
                                span.said { (text::line(&line.message)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The time of a line without its day.
fn hour(line: &LogFact) -> String {
    let whole = line.time.parse::<jiff::Timestamp>();
    whole.map_or_else(|_| text::line(&line.time), |time| time.strftime("%H:%M:%S").to_string())
}
