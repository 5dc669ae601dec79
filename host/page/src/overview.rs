//! All applications of the host, and the last deployments.

use maud::{Markup, html};
use windlass_api::facts::{HistoryFact, ReleaseFact, Remark, StatusFact};
use windlass_foundation::words;

use super::badge::{Tone, badge, health};
use super::frame::{Change, View};
use super::{history, text, time};

/// The most applications.
const APPLICATIONS: usize = 200;

/// The most remarks about one application; all are on its own page.
const REMARKS: usize = 6;

pub(super) fn page(view: &View<'_>, applications: &[StatusFact], deployments: &[HistoryFact]) -> String {
    let (rows, more) = text::some(applications, APPLICATIONS);
    let is_open = applications.iter().any(works);
    let content = html! {
        h1 { "Applications" }
        (urgent(view, applications))
        (looked(view))
        @if applications.is_empty() {
            p { "Nothing was deployed on this host yet." }
        } @else {
            table.stack.applications {
                caption { "what runs" }
                thead { tr {
                    th scope="col" { "application" }
                    th scope="col" { "state" }
                    th scope="col" { "version" }
                    th scope="col" { "commit" }
                    th scope="col" { "release" }
                    th.number scope="col" { "parts" }
                    th scope="col" { "since" }
                    th scope="col" { "by" }
                } }
                @for application in rows { (self::row(view, application)) }
            }
            (text::more(more, "application"))
        }
        (history::table(view, "last deployments", deployments, true))
    };
    view.page("Applications", if is_open { Change::Now } else { Change::Perhaps }, &content)
}

/// Whether a process works on it now.
pub(super) fn works(fact: &StatusFact) -> bool {
    fact.open.as_ref().is_some_and(|open| open.holder.is_some())
}

/// That what runs was not looked at just now.
pub(super) fn looked(view: &View<'_>) -> Markup {
    html! {
        @if let Some(looked) = view.looked {
            p.callout.warn {
                strong { (badge(Tone::Warn, "as it was")) } " What runs did not answer in time; this was seen "
                (time::time(&looked.to_string(), view.now)) "."
            }
        }
    }
}

/// What a person should see first: deployments that are open or stuck.
pub(super) fn urgent(view: &View<'_>, applications: &[StatusFact]) -> Markup {
    html! {
        @for fact in applications.iter().filter(|fact| fact.open.is_some() || fact.stuck.is_some()) {
            @if let Some(open) = &fact.open {
                @let version = open.version.as_deref().unwrap_or_default();
                @let (tone, word) = if open.holder.is_some() { (Tone::Live, "deploying") } else { (Tone::Bad, "interrupted") };
                p.callout.(tone.class()) {
                    strong { (badge(tone, word)) " " (view.application(&fact.application)) " " (text::line(version)) }
                    " since " (time::time(&open.started, view.now)) ": "
                    span.mono { (view.deployment(&open.deployment)) }
                    @if let Some(holder) = &open.holder { span.why { (text::line(holder)) " works on it" } }
                    @else { span.why { (text::prose(&format!("`windlass resume {}` finishes or unwinds it", fact.application))) } }
                }
            }
            @if let Some(stuck) = &fact.stuck {
                p.callout.bad {
                    strong { (badge(Tone::Bad, "stuck")) " " (view.application(&fact.application)) } ": " (text::prose(stuck))
                    span.why {
                        (text::prose(&format!("put it right by hand, then `windlass resolve {} --reason …`", fact.application)))
                    }
                }
            }
        }
    }
}

/// What a person should know about it besides what is said first. While it is deployed, what is observed is on its way.
pub(super) fn remarks(fact: &StatusFact) -> Vec<Remark> {
    let on_its_way = |heading: &str| works(fact) && matches!(heading, "drift:" | "not well:");
    let is_said = |it: &Remark| matches!(it.heading, "stuck:" | "open:") || on_its_way(it.heading);
    fact.remarks().into_iter().filter(|it| !is_said(it)).collect()
}

/// An application with what a person should know about it.
fn row(view: &View<'_>, fact: &StatusFact) -> Markup {
    let (grade, state) = fact.state();
    let release = fact.release.as_ref();
    let remarks = remarks(fact);
    let (shown, more) = text::some(&remarks, REMARKS);
    html! {
        tbody {
            tr {
                th scope="row" data-label="application" { (view.application(&fact.application)) }
                td data-label="state" { (badge(health(grade), state)) }
                td data-label="version" { @if let Some(release) = release { (text::line(release.name())) } }
                td.mono.id data-label="commit" { @if let Some(commit) = release.and_then(|it| it.commit.as_ref()) { (short(commit)) } }
                td.mono.id data-label="release" { @if let Some(release) = release { (id(release)) } }
                td.number data-label="parts" { (parts(fact)) }
                td data-label="since" { @if let Some(since) = &fact.since { (time::time(since, view.now)) } }
                td.wide data-label="by" { @if let Some(by) = &fact.by { (text::line(by)) } }
            }
            @if !shown.is_empty() {
                tr.remarks { td colspan="8" { ul {
                    @for remark in shown {
                        li { (badge(health(remark.health), remark.heading.trim_end_matches(':'))) " " (text::prose(&remark.text)) }
                    }
                    @if more > 0 { li.dim { "and " (words::count(more, "remark")) " more" } }
                } } }
            }
        }
    }
}

/// How many parts are well of how many that should run.
fn parts(fact: &StatusFact) -> Markup {
    let parts = fact.parts.as_deref().unwrap_or_default();
    let well = parts.iter().filter(|part| part.trouble.is_none()).count();
    html! { @if !parts.is_empty() { (well) "/" (parts.len()) " well" } }
}

/// The beginning of a release's id.
fn id(release: &ReleaseFact) -> Markup {
    beginning(&release.id, release.id.trim_start_matches("sha256:"))
}

/// The beginning of a commit.
fn short(commit: &str) -> Markup {
    beginning(commit, commit)
}

fn beginning(whole: &str, digits: &str) -> Markup {
    let short: String = digits.chars().take(12).collect();
    html! { span title=(text::line(whole)) { (text::line(&short)) } }
}
