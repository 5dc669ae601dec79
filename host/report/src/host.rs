//! This host, its journal and its files, for people.

use std::fmt::Write as _;

use super::page::{Ink, Line, Page};
use super::table::Table;
use windlass_api::facts::{AuditFact, DoctorFact, FileFact, Health, OriginFact, SchemaFact};
use windlass_foundation::words;

/// The answer of `audit verify`.
#[must_use]
pub fn audit(fact: &AuditFact, width: usize) -> Page {
    let mut page = Page::new();
    let lines = words::count(usize::try_from(fact.lines).unwrap_or(usize::MAX), "line");
    if fact.intact {
        page.push(Line::new().ink(Ink::Good, "intact").text(format!(": {lines}, each chained to the one before")));
    } else {
        let count = words::count(fact.problems.len(), "fault");
        page.push(Line::new().ink(Ink::Bad, "changed").text(format!(": {count} in {lines}")));
        for problem in &fact.problems {
            page.wrapped(Line::plain("  "), Ink::Plain, problem, width);
        }
    }
    if let Some(head) = &fact.head {
        page.push(Line::plain("  head: ").text(head));
    }
    page
}

/// The answer of `doctor`.
#[must_use]
pub fn doctor(facts: &[DoctorFact], width: usize) -> Page {
    let mut page = Page::new();
    let mut table = Table::new();
    for fact in facts {
        let (ink, word) = match fact.health {
            Health::Well => (Ink::Good, "well"),
            Health::Note => (Ink::Dim, "note"),
            Health::Warn => (Ink::Warn, "warn"),
            Health::Bad => (Ink::Bad, "bad"),
        };
        table.row(vec![Line::new().ink(ink, word), Line::new().ink(Ink::Bold, &fact.subject), Line::plain(&fact.seen)]);
    }
    for (row, fact) in table.page("").lines().iter().zip(facts) {
        if row.width() > width {
            // Too long for a line: the text is wrapped under its own beginning.
            let beginning = row.cut(row.width() - Line::plain(&fact.seen).width());
            page.wrapped(beginning, Ink::Plain, &fact.seen, width);
        } else {
            page.push(row.clone());
        }
        if let Some(remedy) = &fact.remedy {
            super::error::paragraph(&mut page, ("      remedy:", Ink::Accent), remedy, width);
        }
    }
    page.gap();
    let count = |health: Health| facts.iter().filter(|fact| fact.health == health).count();
    page.push(match (count(Health::Bad), count(Health::Warn)) {
        (0, 0) => Line::new().ink(Ink::Good, "ready").text(": no problem prevents a deployment"),
        (0, warnings) => Line::new()
            .ink(Ink::Warn, "ready")
            .text(format!(": no problem prevents a deployment; {} to check", words::count(warnings, "thing"))),
        (1, _) => Line::new().ink(Ink::Bad, "not ready").text(": 1 problem prevents a deployment"),
        (bad, _) => Line::new().ink(Ink::Bad, "not ready").text(format!(": {bad} problems prevent a deployment")),
    });
    page
}

/// A file of `init`, before or after it is written.
#[must_use]
pub fn file(fact: &FileFact) -> Page {
    let mut page = Page::new();
    page.push(Line::new().ink(Ink::Bold, format!("# {}", fact.path)));
    for line in fact.text.lines() {
        let ink = if line.trim_start().starts_with('#') { Ink::Dim } else { Ink::Plain };
        page.push(Line::plain("  ").ink(ink, line));
    }
    page.gap();
    page
}

/// The answer of `schema` without a name.
#[must_use]
pub fn schemas(facts: &[SchemaFact]) -> Page {
    let mut table = Table::new();
    for fact in facts {
        table.row(vec![Line::new().ink(Ink::Bold, &fact.name), Line::plain(&fact.title)]);
    }
    table.page("")
}

/// Where a value of the resolved application came from: one line for each fact, the value first, parts indented.
#[must_use]
pub fn origin(fact: &OriginFact) -> Page {
    let mut page = Page::new();
    let value = fact.value.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
    let at = &fact.place;
    let mut lines = format!("{}{value}\n  written at {}:{}:{}\n", fact.path, at.file, at.line, at.column);
    for step in &fact.steps {
        // Writing to a string does not fail.
        let _ = writeln!(lines, "  {step}");
    }
    page.append(Page::of_text(&lines));
    for part in &fact.parts {
        page.indented("  ", origin(part));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doctor_gives_each_thing_a_line_and_what_is_not_well_a_remedy() {
        let fact = |subject: &str, health, seen: &str, remedy: Option<&str>| DoctorFact {
            subject: subject.to_owned(),
            health,
            seen: seen.to_owned(),
            remedy: remedy.map(str::to_owned),
        };
        let facts = [
            fact("engine", Health::Well, "Docker 20.10.24 at unix:///var/run/docker.sock", None),
            fact("disk", Health::Warn, "3.1 GiB free in /var/lib/docker", Some("`docker image prune`")),
            fact("journal", Health::Bad, "it was written by a newer version", Some("install windlass 0.3 or later")),
        ];
        insta::assert_snapshot!(doctor(&facts, 100).render(false), @r"
        well  engine   Docker 20.10.24 at unix:///var/run/docker.sock
        warn  disk     3.1 GiB free in /var/lib/docker
              remedy: `docker image prune`
        bad   journal  it was written by a newer version
              remedy: install windlass 0.3 or later

        not ready: 1 problem prevents a deployment
        ");
    }
}
