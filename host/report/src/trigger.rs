//! What became of an event.

use super::page::{Ink, Line, Page};
use windlass_api::facts::TriggerFact;

/// The answer of `trigger` for an event that starts nothing, and what it says before the command of one that does.
#[must_use]
pub fn page(fact: &TriggerFact) -> Page {
    let line = Line::new().ink(Ink::Bold, format!("trigger {}", fact.trigger)).text(": ");
    let mut page = Page::new();
    page.push(match (&fact.ignored, &fact.command) {
        (Some(why), _) => line.text(format!("the event is ignored: {why}")),
        (None, Some(command)) => line.text(format!("windlass {}", command.join(" "))),
        (None, None) => line.text("nothing to do"),
    });
    page
}
