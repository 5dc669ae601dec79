//! Answers of checks and smoke tests, for people.

use std::time::Duration;

use windlass_domain::{Failure, Finding, Report, Verdict};
use windlass_foundation::explain::failure_hint;

use super::page::{Ink, Line, Page};
use super::table::Table;
use windlass_api::facts::{CheckFact, ProbeFact, VerifiedFact};
use windlass_foundation::words;

/// The word and ink of a verdict.
#[must_use]
pub fn verdict(verdict: Verdict) -> Line {
    match verdict {
        Verdict::Pass => Line::new().ink(Ink::Good, "pass"),
        Verdict::Warn => Line::new().ink(Ink::Warn, "warn"),
        Verdict::Fail => Line::new().ink(Ink::Bad, "fail"),
        Verdict::Inconclusive => Line::new().ink(Ink::Warn, "inconclusive"),
        Verdict::Pending => Line::new().ink(Ink::Warn, "pending"),
    }
}

/// The answer in one line: verdict, summary.
#[must_use]
pub fn headline(answer: Result<&Report, &Failure>) -> Line {
    match answer {
        Ok(report) => verdict(report.verdict).text(", ").text(&report.summary),
        Err(failure) => Line::new().ink(Ink::Bad, "error").text(", ").text(&failure.message),
    }
}

/// What is not well about an answer: findings with their remedies, or the hint of the failure. With `all`, findings
/// that passed as well.
#[must_use]
pub fn details(answer: Result<&Report, &Failure>, all: bool, width: usize) -> Page {
    let mut page = Page::new();
    match answer {
        Ok(report) => {
            for finding in report.findings.iter().filter(|finding| all || finding.verdict != Verdict::Pass) {
                page.append(self::finding(finding, width));
            }
        }
        Err(failure) => {
            if let Some(hint) = failure_hint(failure) {
                super::error::paragraph(&mut page, ("hint:", Ink::Accent), &hint, width);
            }
        }
    }
    page
}

/// A finding, its evidence where it did not pass, and its remedy.
fn finding(finding: &Finding, width: usize) -> Page {
    let mut page = Page::new();
    page.wrapped(verdict(finding.verdict).text("  "), Ink::Plain, &finding.title, width);
    let under = " ".repeat(verdict(finding.verdict).width() + 2);
    if let (Some(evidence), true) = (&finding.evidence, finding.verdict != Verdict::Pass) {
        page.indented(&under, self::evidence(evidence));
    }
    if let Some(remedy) = &finding.remedy {
        page.wrapped(Line::plain(&under).ink(Ink::Accent, "remedy:").text(" "), Ink::Plain, remedy, width);
    }
    page
}

/// Evidence as short as it can be: texts as they are, facts one to a line, the rest as JSON.
pub(super) fn evidence(evidence: &serde_json::Value) -> Page {
    use serde_json::Value;
    /// More is in the record: `windlass show`.
    const LONGEST: usize = 12;
    let mut lines = Vec::new();
    let mut push = |name: &str, value: &Value| match value {
        Value::Null => {}
        Value::String(text) if text.contains('\n') => {
            lines.extend((!name.is_empty()).then(|| format!("{name}:")));
            lines.extend(text.lines().map(|line| format!("  {line}")));
        }
        Value::String(text) if name.is_empty() => lines.push(text.clone()),
        // An entry of a health log, as the Docker Engine keeps it.
        Value::Object(fields) if fields.contains_key("ExitCode") && fields.contains_key("Output") => {
            let said = fields["Output"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
            lines.push(format!("health check: exit {}: {said}", fields["ExitCode"]));
        }
        Value::String(text) => lines.push(format!("{name}: {text}")),
        other if name.is_empty() => lines.push(other.to_string()),
        other => lines.push(format!("{name}: {other}")),
    };
    match evidence {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| push(name, value)),
        Value::Array(items) => items.iter().for_each(|value| push("", value)),
        other => push("", other),
    }
    let mut page = Page::new();
    for line in lines.iter().take(LONGEST) {
        page.push(Line::new().ink(Ink::Dim, line));
    }
    if lines.len() > LONGEST {
        page.push(Line::new().ink(Ink::Dim, format!("and {} more", words::count(lines.len() - LONGEST, "line"))));
    }
    page
}

/// All probes as a table, each with what is not well under it.
#[must_use]
pub fn table(probes: &[ProbeFact], all: bool, width: usize) -> Page {
    let mut table = Table::new();
    for probe in probes {
        let (word, text) = match answer(probe) {
            Ok(report) => (verdict(report.verdict), report.summary.as_str()),
            Err(failure) => (Line::new().ink(Ink::Bad, "error"), failure.message.as_str()),
        };
        let took = probe.took.map(|took| format!(" ({})", words::duration(Duration::from_millis(took))));
        let summary = Line::plain(text).ink(Ink::Dim, took.unwrap_or_default());
        table.row(vec![Line::new().ink(Ink::Bold, &probe.name), word, summary]);
    }
    let rows = table.page("");
    let mut page = Page::new();
    for (row, probe) in rows.lines().iter().zip(probes) {
        page.push(row.clone());
        page.indented("    ", details(answer(probe), all, width.saturating_sub(4)));
    }
    page
}

/// The answer of a probe. One that never answered says so.
pub(super) fn answer(probe: &ProbeFact) -> Result<&Report, &Failure> {
    static UNANSWERED: std::sync::LazyLock<Failure> = std::sync::LazyLock::new(|| Failure {
        code: "cancelled".to_owned(),
        message: "it was not asked to the end".to_owned(),
        retryable: true,
        details: None,
    });
    match (&probe.report, &probe.failure) {
        (Some(report), _) => Ok(report),
        (None, Some(failure)) => Err(failure),
        (None, None) => Err(&UNANSWERED),
    }
}

/// The answer of `check`.
#[must_use]
pub fn check(fact: &CheckFact, all: bool, width: usize) -> Page {
    let mut page = Page::new();
    page.indented("", table(&fact.checks, all, width));
    page.gap();
    let what = format!("{} {}", fact.application, fact.version);
    page.push(if fact.checks.is_empty() {
        Line::new().ink(Ink::Warn, "no checks").text(format!(": {what} has none, so nothing would refuse it"))
    } else if fact.refused {
        Line::new().ink(Ink::Bad, "refused").text(format!(": {what} would not be deployed to {}", fact.environment))
    } else {
        Line::new().ink(Ink::Good, "clear").text(format!(": {what} can be deployed to {}", fact.environment))
    });
    page
}

/// The answer of `verify`.
#[must_use]
pub fn verified(facts: &[VerifiedFact], all: bool, width: usize) -> Page {
    let mut page = Page::new();
    if facts.is_empty() {
        page.push(Line::plain("nothing was deployed here, so there is nothing to verify"));
    }
    for (number, fact) in facts.iter().enumerate() {
        if number > 0 {
            page.gap();
        }
        page.indented("", table(&fact.proofs, all, width));
        page.gap();
        let what = format!(": {} {} in {}", fact.application, fact.version, fact.environment);
        page.push(if fact.passed {
            Line::new().ink(Ink::Good, "proved").text(what)
        } else {
            Line::new().ink(Ink::Bad, "not well").text(what)
        });
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdict: Verdict, summary: &str, findings: Vec<Finding>) -> Report {
        Report { verdict, summary: summary.to_owned(), findings, data: None }
    }

    fn finding(id: &str, verdict: Verdict, title: &str) -> Finding {
        Finding { id: id.to_owned(), verdict, title: title.to_owned(), remedy: None, evidence: None }
    }

    #[test]
    fn checks_read_as_a_table_with_remedies() {
        let probe = |name: &str, answer: Result<Report, Failure>, took| {
            let (report, failure) = answer.map_or_else(|failure| (None, Some(failure)), |report| (Some(report), None));
            ProbeFact { name: name.to_owned(), report, failure, took: Some(took) }
        };
        let port = Finding {
            remedy: Some("stop it, or publish another port in compose.yaml".to_owned()),
            evidence: Some(serde_json::json!({"holder": "nginx", "pid": 812})),
            ..finding("port:8080", Verdict::Fail, "port 8080 is held by `nginx`")
        };
        let fact = CheckFact {
            application: "kudos".to_owned(),
            environment: "uat".to_owned(),
            version: "v2".to_owned(),
            refused: true,
            verdict: Verdict::Fail,
            checks: vec![
                probe("image", Ok(report(Verdict::Pass, "2 images resolve", vec![])), 120),
                probe(
                    "readiness",
                    Ok(report(
                        Verdict::Fail,
                        "1 of 11 things stands in the way",
                        vec![finding("disk", Verdict::Pass, "12 GiB are free"), port],
                    )),
                    240,
                ),
                probe(
                    "contract",
                    Err(Failure {
                        code: "unavailable".to_owned(),
                        message: "the broker at `https://broker.example` did not answer within 10s".to_owned(),
                        retryable: true,
                        details: Some(serde_json::json!({"hint": "try again later"})),
                    }),
                    10_000,
                ),
            ],
        };
        insta::assert_snapshot!(check(&fact, false, 100).render(false), @r"
        image      pass   2 images resolve (0.1s)
        readiness  fail   1 of 11 things stands in the way (0.2s)
            fail  port 8080 is held by `nginx`
                  holder: nginx
                  pid: 812
                  remedy: stop it, or publish another port in compose.yaml
        contract   error  the broker at `https://broker.example` did not answer within 10s (10.0s)
            hint: try again later

        refused: kudos v2 would not be deployed to uat
        ");
    }
}
