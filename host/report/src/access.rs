//! Who may do what, and the keys that may come in, for people.

use super::page::{Ink, Line, Page};
use super::table::Table;
use windlass_api::facts::{AccessFact, KeyFact};

/// The answer of `whoami`.
#[must_use]
pub fn page(fact: &AccessFact, width: usize) -> Page {
    let mut page = Page::new();
    page.push(Line::new().ink(Ink::Bold, &fact.principal.sentence));
    let mut table = Table::new();
    let mut row = |name: &str, may: &[String]| {
        table.row(vec![Line::plain(name), Line::plain("may"), Line::new().ink(Ink::Accent, may.join(", "))]);
    };
    for one in &fact.applications {
        row(&one.application, &one.may);
    }
    if !fact.everywhere.is_empty() {
        row("everywhere", &fact.everywhere);
    }
    if table.is_empty() {
        page.wrapped(Line::plain("  "), Ink::Plain, "may do nothing here: no rule of the operator is for them", width);
    }
    page.append(table.page("  "));
    page
}

/// The answer of `ssh-gate list`.
#[must_use]
pub fn keys(facts: &[KeyFact], file: &str) -> Page {
    let mut page = Page::new();
    if facts.is_empty() {
        page.push(Line::plain(format!("no key in `{file}` runs the gate")));
        return page;
    }
    let mut table = Table::headed(&["name", "fingerprint"]);
    for fact in facts {
        table.row(vec![Line::new().ink(Ink::Bold, &fact.name), Line::plain(&fact.fingerprint)]);
    }
    page.append(table.page(""));
    page
}
