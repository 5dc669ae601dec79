//! What a plan changes, and why.

use maud::{Markup, html};
use windlass_domain::{Action, Change};

use super::badge::{Tone, action};
use super::text;

/// The most changes, and the most differences of one.
const MOST: usize = 200;

/// A section about the plan; none where there is nothing to say.
pub(crate) fn section(changes: &[Change], warnings: &[String]) -> Markup {
    let (kept, others): (Vec<&Change>, Vec<&Change>) = changes.iter().partition(|change| change.action == Action::Keep);
    let (shown, more) = text::some(&others, MOST);
    html! {
        @if !changes.is_empty() || !warnings.is_empty() {
            section {
                h2 { "Plan" }
                @for warning in text::some(warnings, MOST).0 {
                    p { (super::badge::badge(Tone::Warn, "warning")) " " (text::prose(warning)) }
                }
                @if !shown.is_empty() {
                    table.stack.plan {
                        caption { "what changes" }
                        thead { tr {
                            th scope="col" { "action" }
                            th scope="col" { "what" }
                            th scope="col" { "why" }
                        } }
                        tbody { @for (number, change) in shown.iter().enumerate() { (self::row(number, change)) } }
                    }
                    (text::more(more, "change"))
                }
                @if !kept.is_empty() {
                    details #kept {
                        summary { (kept.len()) " not touched" }
                        ul { @for change in kept.iter().take(MOST) { li { (text::line(&change.subject)) } } }
                        (text::more(kept.len().saturating_sub(MOST), "thing"))
                    }
                }
            }
        }
    }
}

fn row(number: usize, change: &Change) -> Markup {
    let (sign, word, tone) = action(change.action);
    let (differences, more) = text::some(&change.differences, MOST);
    html! {
        tr {
            td data-label="action" { span.badge.(tone.class()) { span aria-hidden="true" { (sign) } " " (word) } }
            th scope="row" data-label="what" { (text::line(&change.subject)) }
            td.wide data-label="why" {
                (text::prose(&change.cause))
                @if let Some(manner) = &change.manner { span.why { (text::prose(manner)) } }
                @if !differences.is_empty() {
                    details #{ "change-" (number) } {
                        summary { (windlass_foundation::words::count(change.differences.len(), "difference")) }
                        dl.differences {
                            @for difference in differences {
                                dt.mono { (text::line(&difference.field)) }
                                dd.mono {
                                    (value(difference.from.as_deref())) " " span aria-label="becomes" { "→" } " "
                                    (value(difference.to.as_deref()))
                                }
                            }
                        }
                        (text::more(more, "difference"))
                    }
                }
            }
        }
    }
}

fn value(value: Option<&str>) -> Markup {
    html! { @match value { Some(value) => { (text::line(value)) } None => { span.dim { "not there" } } } }
}
