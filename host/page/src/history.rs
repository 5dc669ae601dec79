//! Deployments as a table.

use maud::{Markup, html};
use windlass_api::facts::{HistoryFact, PrincipalFact};

use super::badge::{badge, outcome};
use super::frame::View;
use super::{text, time};

/// The most rows.
const ROWS: usize = 200;

/// Deployments, the newest first; of several applications where `whose` says so.
pub(crate) fn table(view: &View<'_>, caption: &str, deployments: &[HistoryFact], whose: bool) -> Markup {
    let (rows, more) = text::some(deployments, ROWS);
    html! {
        table.stack {
            caption { (caption) }
            thead { tr {
                th.number scope="col" { "#" }
                @if whose { th scope="col" { "application" } }
                th scope="col" { "version" }
                th scope="col" { "outcome" }
                th scope="col" { "began" }
                th.number scope="col" { "took" }
                th scope="col" { "by" }
                th scope="col" { "deployment" }
            } }
            tbody {
                @for row in rows { (self::row(view, row, whose)) }
            }
        }
        @if rows.is_empty() { p.dim { "nothing was deployed yet" } }
        (text::more(more, "deployment"))
    }
}

fn row(view: &View<'_>, fact: &HistoryFact, whose: bool) -> Markup {
    let version = fact.label.as_deref().or(fact.version.as_deref()).unwrap_or("?");
    let glass = fact.break_glass.as_ref().map(|reason| format!("break-glass: {reason}"));
    let why: Vec<_> = fact.reason.iter().cloned().chain(glass).collect();
    html! {
        tr {
            td.number.dim data-label="number" { (fact.sequence) }
            @if whose { th scope="row" data-label="application" { (view.application(&fact.application)) } }
            td data-label="version" { (text::line(version)) @if fact.rollback { span.dim { " rollback" } } }
            td data-label="outcome" { (badge(outcome(&fact.outcome), &fact.word())) }
            td data-label="began" { (time::time(&fact.started, view.now)) }
            td.number data-label="took" { (time::took(fact.took)) }
            td.wide data-label="by" {
                (text::line(PrincipalFact::sentence(fact.principal.as_ref(), &fact.actor)))
                @for why in &why { span.why { (text::line(why)) } }
            }
            td data-label="deployment" { span.mono { (view.deployment(&fact.deployment)) } }
        }
    }
}
