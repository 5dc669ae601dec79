//! One application: what runs, what is observed of it, what holds it back, and its deployments.

use maud::{Markup, html};
use windlass_api::facts::{ArtifactFact, HistoryFact, PartFact, StatusFact};
use windlass_foundation::words;

use super::badge::{Tone, badge, health};
use super::frame::{Change, View};
use super::overview::{self, looked, urgent, works};
use super::{history, text, time};

/// The most parts, images and remarks, each.
const MOST: usize = 200;

pub(super) fn page(view: &View<'_>, fact: &StatusFact, deployments: &[HistoryFact]) -> String {
    let (grade, state) = fact.state();
    let content = html! {
        h1 { (text::line(&fact.application)) " " (badge(health(grade), state)) }
        (urgent(view, std::slice::from_ref(fact)))
        (looked(view))
        (remarks(fact))
        (facts(view, fact))
        @if let Some(parts) = &fact.parts { (self::parts(view, parts)) }
        @if let Some(release) = &fact.release { (images("images", release.artifacts.iter())) }
        (history::table(view, "deployments", deployments, false))
    };
    view.page(&fact.application, if works(fact) { Change::Now } else { Change::Perhaps }, &content)
}

/// What a person should know about it, besides what is said first.
fn remarks(fact: &StatusFact) -> Markup {
    let remarks = overview::remarks(fact);
    let (shown, more) = text::some(&remarks, MOST);
    html! {
        @if !shown.is_empty() {
            ul.remarks {
                @for remark in shown {
                    li { (badge(health(remark.health), remark.heading.trim_end_matches(':'))) " " (text::prose(&remark.text)) }
                }
            }
            (text::more(more, "remark"))
        }
    }
}

fn facts(view: &View<'_>, fact: &StatusFact) -> Markup {
    html! {
        dl {
            @if let Some(release) = &fact.release {
                dt { "version" } dd { (text::line(release.name())) }
                @if let Some(commit) = &release.commit { dt { "commit" } dd.mono { (text::line(commit)) } }
                dt { "release" } dd.mono { (text::line(&release.id)) }
            }
            @if let Some(since) = &fact.since { dt { "since" } dd { (time::time(since, view.now)) } }
            @if let Some(by) = &fact.by { dt { "by" } dd { (text::line(by)) } }
            @if let Some(deployment) = &fact.deployment { dt { "deployment" } dd.mono { (view.deployment(deployment)) } }
        }
    }
}

fn parts(view: &View<'_>, parts: &[PartFact]) -> Markup {
    let (rows, more) = text::some(parts, MOST);
    html! {
        table.stack {
            caption { "parts, as they are observed" }
            thead { tr {
                th scope="col" { "service" }
                th scope="col" { "instance" }
                th scope="col" { "state" }
                th scope="col" { "health" }
                th scope="col" { "version" }
                th.number scope="col" { "restarts" }
                th scope="col" { "since" }
                th scope="col" { "image" }
            } }
            tbody {
                @for part in rows {
                    @let runs = part.state == "running" || part.finished;
                    tr {
                        th scope="row" data-label="service" { (text::line(&part.service)) }
                        td data-label="instance" { (text::line(&part.instance)) }
                        td data-label="state" { (badge(if runs { Tone::Good } else { Tone::Bad }, &part.state)) }
                        td data-label="health" { @if let Some(health) = &part.health { (badge(tone(health), health)) } }
                        td data-label="version" { @if let Some(version) = &part.version { (text::line(version)) } }
                        td.number data-label="restarts" { (part.restarts) }
                        td data-label="since" { @if let Some(since) = &part.since { (time::time(since, view.now)) } }
                        td.mono.wide data-label="image" {
                            @if let Some(reference) = &part.reference {
                                span title=(text::line(reference)) { (text::line(&words::reference(reference))) }
                            }
                        }
                    }
                }
            }
        }
        (text::more(more, "part"))
    }
}

fn tone(health: &str) -> Tone {
    match health {
        "healthy" => Tone::Good,
        "starting" => Tone::Warn,
        _ => Tone::Bad,
    }
}

/// Images with their whole digests.
pub(super) fn images<'a>(caption: &str, artifacts: impl Iterator<Item = (&'a String, &'a ArtifactFact)>) -> Markup {
    let all: Vec<_> = artifacts.collect();
    let (rows, more) = text::some(&all, MOST);
    html! {
        @if !rows.is_empty() {
            table.stack {
                caption { (caption) }
                thead { tr {
                    th scope="col" { "name" }
                    th scope="col" { "tag" }
                    th scope="col" { "repository" }
                    th scope="col" { "digest" }
                } }
                tbody {
                    @for (name, artifact) in rows {
                        tr {
                            th scope="row" data-label="name" { (text::line(name)) }
                            td data-label="tag" { @if let Some(tag) = &artifact.tag { (text::line(tag)) } }
                            td.mono data-label="repository" {
                                (text::line(&artifact.repository))
                                @if artifact.local { span.dim { " only in this engine" } }
                            }
                            td.mono.wide data-label="digest" { (text::line(&artifact.digest)) }
                        }
                    }
                }
            }
            (text::more(more, "image"))
        }
    }
}
