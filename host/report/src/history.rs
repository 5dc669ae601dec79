//! Deployments as a table, and lines of a log.

use std::time::Duration;

use super::deployment::ink;
use super::page::{Ink, Line, Page};
use super::table::Table;
use windlass_api::facts::{HistoryFact, LogFact};
use windlass_foundation::words;

/// The answer of `history`, the newest first.
#[must_use]
pub fn page(entries: &[HistoryFact], application: Option<&str>) -> Page {
    let mut page = Page::new();
    if entries.is_empty() {
        page.push(Line::plain(match application {
            Some(application) => format!("`{application}` was not deployed on this host yet"),
            None => "nothing was deployed on this host yet".to_owned(),
        }));
        return page;
    }
    let one = entries.iter().all(|entry| entry.application == entries[0].application);
    let mut table = Table::headed(&["#", "deployment", "started", "application", "version", "outcome", "took", "by"])
        .right(0)
        .right(6);
    for entry in entries {
        let rollback = if entry.rollback { " (rollback)" } else { "" };
        let took = entry.took.map(|took| words::duration(Duration::from_millis(took))).unwrap_or_default();
        let glass = entry.break_glass.as_ref().map(|reason| format!("break-glass: {reason}"));
        let words: Vec<_> = entry.reason.clone().into_iter().chain(glass).collect();
        let reason = if words.is_empty() { String::new() } else { format!(": {}", words.join("; ")) };
        table.row(vec![
            Line::new().ink(Ink::Dim, entry.sequence.to_string()),
            Line::new().ink(Ink::Accent, &entry.deployment),
            Line::plain(words::time(&entry.started)),
            if one { Line::new() } else { Line::plain(&entry.application) },
            Line::plain(entry.label.as_deref().or(entry.version.as_deref()).unwrap_or("?")),
            Line::new().ink(ink(&entry.outcome), entry.word()).text(rollback),
            Line::plain(took),
            Line::plain(&entry.actor).ink(Ink::Dim, reason),
        ]);
    }
    page.append(table.page(""));
    page
}

/// A line of `logs`.
#[must_use]
pub fn log(fact: &LogFact) -> Line {
    let ink = match fact.level.as_str() {
        "error" => Ink::Bad,
        "warn" => Ink::Warn,
        "debug" => Ink::Dim,
        _ => Ink::Plain,
    };
    Line::new()
        .ink(Ink::Dim, words::time(&fact.time))
        .text(" ")
        .ink(ink, format!("{:5}", fact.level))
        .text(" ")
        .ink(Ink::Bold, &fact.source)
        .text(": ")
        .text(&fact.message)
}

/// The log of a deployment.
#[must_use]
pub fn logs(lines: &[LogFact], deployment: &str) -> Page {
    let mut page = Page::new();
    for line in lines {
        page.push(log(line));
    }
    if lines.is_empty() {
        page.push(Line::plain(format!("deployment {deployment} logged nothing")));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_is_a_table_without_what_all_lines_share() {
        let entry = |sequence, outcome: &str, version: Option<&str>, rollback| HistoryFact {
            sequence,
            deployment: format!("4f0c9t2m1k{sequence:02}"),
            application: "kudos".to_owned(),
            environment: "uat".to_owned(),
            outcome: outcome.to_owned(),
            cancelled: sequence == 7,
            rollback,
            version: version.map(str::to_owned),
            label: (sequence == 9).then(|| "v3 (8a1b2c3d8a1b)".to_owned()),
            actor: "anna".to_owned(),
            principal: None,
            reason: rollback.then(|| "the login is broken".to_owned()),
            break_glass: (sequence == 9).then(|| "the shop is down".to_owned()),
            started: "2026-08-21T14:03:11.5Z".to_owned(),
            took: Some(19_100),
        };
        let entries = [
            entry(12, "succeeded", Some("v1"), true),
            entry(9, "rolled-back", Some("v3"), false),
            entry(8, "refused", None, false),
            entry(7, "rolled-back", Some("v2"), false),
        ];
        insta::assert_snapshot!(page(&entries, None).render(false), @r"
         #  deployment    started               version            outcome                took  by
        12  4f0c9t2m1k12  2026-08-21 14:03:11Z  v1                 succeeded (rollback)  19.1s  anna: the login is broken
         9  4f0c9t2m1k09  2026-08-21 14:03:11Z  v3 (8a1b2c3d8a1b)  rolled back           19.1s  anna: break-glass: the shop is down
         8  4f0c9t2m1k08  2026-08-21 14:03:11Z  ?                  refused               19.1s  anna
         7  4f0c9t2m1k07  2026-08-21 14:03:11Z  v2                 cancelled             19.1s  anna
        ");
    }
}
