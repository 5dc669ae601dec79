//! What is said where there is no page, or where something could not be looked at.

use maud::html;
use windlass_api::ErrorFact;
use windlass_api::facts::HistoryFact;

use super::badge::{Tone, badge};
use super::frame::{Change, View};
use super::{failure, history, text};

pub(super) fn page(view: &View<'_>, path: &str, deployments: &[HistoryFact]) -> String {
    let mut applications: Vec<&str> = deployments.iter().map(|fact| fact.application.as_str()).collect();
    applications.sort_unstable();
    applications.dedup();
    let content = html! {
        h1 { "Not here" }
        p { "There is no page " code { (text::line(path)) } ". " a href="/" { "All applications" } " are on the first page;"
            " each has one at " code { "/applications/NAME" } ", and each deployment at " code { "/deployments/ID" } "." }
        @if !applications.is_empty() {
            ul { @for name in applications { li { (view.application(name)) } } }
        }
        (history::table(view, "last deployments", deployments, true))
    };
    view.page("Not here", Change::Never, &content)
}

pub(super) fn failed(view: &View<'_>, error: &ErrorFact) -> String {
    let content = html! {
        h1 { "Could not look" }
        div.callout.bad {
            p { strong { (badge(Tone::Bad, "error")) } " " (text::prose(&error.error)) }
            @for cause in error.caused_by.iter().take(20) { p { "because: " (text::prose(cause)) } }
            @if let Some(hint) = &error.hint { (failure::hint("hint", hint)) }
        }
        p { a href="/" { "All applications" } }
    };
    view.page("Could not look", Change::Perhaps, &content)
}
