//! What the agent that stays found about what a deployment made, afterwards.

use windlass_api::facts::FoundFact;
use windlass_foundation::words;

use super::page::{Ink, Line, Page};

/// Everything that was found, one thing after the other; nothing where there is nothing.
#[must_use]
pub(crate) fn page(found: &[FoundFact], width: usize) -> Page {
    let mut page = Page::new();
    if found.is_empty() {
        return page;
    }
    page.gap();
    page.push(Line::new().ink(Ink::Bold, "afterwards"));
    for one in found {
        let heading = Line::plain("  ").ink(Ink::Dim, words::time(&one.since)).text(" ");
        let (ink, text) = match &one.what {
            Some(what) => (Ink::Bad, what.as_str()),
            None => (Ink::Good, "as it was deployed again"),
        };
        page.wrapped(heading.ink(ink, format!("{}:", one.by)).text(" "), Ink::Plain, text, width);
    }
    page
}
