//! A deployment in GitHub's Markdown, for the summary of a job, an issue or a chat.
//!
//! Every text from outside is escaped, so that it is shown as it is and is never a link, a picture or HTML. It does not
//! print; the command line does.

use std::fmt::Write as _;
use std::time::Duration;

use windlass_api::facts::{ArtifactFact, DeploymentFact, PrincipalFact, ProbeFact, StepFact};
use windlass_domain::Verdict;
use windlass_foundation::words;

use super::{deployment, page, probe};

/// The longest text of a cell or a sentence, in characters. More is in `windlass show`.
const LONGEST: usize = 600;

/// The whole record: how it ended and why, who and when, versions, checks, smoke tests and steps.
#[must_use]
pub fn deployment(fact: &DeploymentFact) -> String {
    let mut text = format!("## {}\n\n", escaped(&deployment::headline(fact).render(false)));
    for failure in fact.failure.iter().chain(&fact.undo_failure).filter(|_| !fact.cancelled) {
        paragraph(&mut text, &format!("**error:** {}", escaped(&failure.message)));
        if let Some(hint) = windlass_foundation::explain::failure_hint(failure) {
            paragraph(&mut text, &format!("**hint:** {}", escaped(&hint)));
        }
    }
    if !fact.left_behind.is_empty() {
        let left: Vec<_> = fact.left_behind.iter().map(|thing| escaped(thing)).collect();
        paragraph(&mut text, &format!("**left behind:** {}", left.join("; ")));
    }
    paragraph(&mut text, &sentence(fact));
    artifacts(&mut text, fact);
    probes(&mut text, "check", &fact.checks);
    probes(&mut text, "verification", &fact.smoke);
    steps(&mut text, &fact.steps);
    for next in &fact.next {
        // It is ours, and its command stays a command.
        paragraph(&mut text, &format!("**next:** {}", next.replace(['<', '>'], "")));
    }
    text
}

/// `Deployment 4f0c9t2m1k8z by anna, fixes the login; began …, took 19.1s.`
fn sentence(fact: &DeploymentFact) -> String {
    let by = PrincipalFact::sentence(fact.principal.as_ref(), &fact.actor);
    let mut sentence = format!("Deployment `{}` by {}", fact.deployment, escaped(by));
    for (what, reason) in [("", &fact.reason), ("break-glass: ", &fact.break_glass)] {
        if let Some(reason) = reason {
            let _ = write!(sentence, ", {what}{}", escaped(reason));
        }
    }
    let _ = write!(sentence, "; began {}", escaped(&words::time(&fact.started)));
    if let Some(took) = fact.took {
        let _ = write!(sentence, ", took {}", words::duration(Duration::from_millis(took)));
    }
    sentence.push('.');
    sentence
}

fn artifacts(text: &mut String, fact: &DeploymentFact) {
    let Some(release) = &fact.release else { return };
    let version = |artifact: &ArtifactFact| {
        let tag = artifact.tag.as_deref().map(escaped).unwrap_or_default();
        format!("{tag} `{}`", words::digest(&artifact.digest))
    };
    let rows = release.artifacts.iter().map(|(name, artifact)| {
        let before = fact.previous.as_ref().and_then(|previous| previous.artifacts.get(name));
        let before = match before {
            None => String::new(),
            Some(before) if before.digest == artifact.digest => "the same".to_owned(),
            Some(before) => version(before),
        };
        [escaped(name), version(artifact), before]
    });
    table(text, ["image", "version", "before"], rows);
}

fn probes(text: &mut String, what: &str, probes: &[ProbeFact]) {
    let rows = probes.iter().map(|fact| {
        let answer = probe::answer(fact);
        let word = match answer {
            Ok(report) => probe::verdict(report.verdict).render(false),
            Err(_) => "error".to_owned(),
        };
        let said = match answer {
            Ok(report) => std::iter::once(report.summary.as_str())
                .chain(report.findings.iter().filter(|one| one.verdict != Verdict::Pass).map(|one| one.title.as_str()))
                .map(escaped)
                .collect::<Vec<_>>()
                .join("<br>"),
            Err(failure) => escaped(&failure.message),
        };
        [escaped(&fact.name), word, said]
    });
    table(text, [what, "verdict", "what it says"], rows);
}

/// Folded away: there are many, and who reads a summary looks for the outcome.
fn steps(text: &mut String, steps: &[StepFact]) {
    if steps.is_empty() {
        return;
    }
    let _ = write!(text, "<details><summary>{}</summary>\n\n", words::count(steps.len(), "step"));
    let rows = steps.iter().map(|step| {
        let took = step.took.map(|took| words::duration(Duration::from_millis(took))).unwrap_or_default();
        let state = match (step.applied.as_deref(), step.state.as_str()) {
            (Some(applied), "undone") => format!("{applied}, then undone"),
            (_, state) => state.replace('-', " "),
        };
        [escaped(&step.title), state, took]
    });
    table(text, ["step", "state", "took"], rows);
    text.push_str("</details>\n\n");
}

fn paragraph(text: &mut String, words: &str) {
    let _ = write!(text, "{words}\n\n");
}

/// A table, unless it would have no rows. The cells are Markdown.
fn table<const COLUMNS: usize>(
    text: &mut String,
    heading: [&str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return;
    }
    let _ = writeln!(text, "| {} |\n|{}", heading.join(" | "), " --- |".repeat(COLUMNS));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text.push('\n');
}

/// A text as Markdown that shows just this text, on one line: each character of ASCII punctuation may be escaped
/// (`CommonMark` 0.31, 2.4), apart from those that mean nothing within a line. `www.` would be a link without brackets.
fn escaped(text: &str) -> String {
    const MEANS_NOTHING: &str = ",;/-'\"%?()";
    let clean = page::clean(text);
    let mut escaped = String::with_capacity(clean.len());
    for character in clean.chars().take(LONGEST) {
        let is_plain = MEANS_NOTHING.contains(character) || (character == '.' && !escaped.ends_with(['w', 'W']));
        if character.is_ascii_punctuation() && !is_plain {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    if clean.chars().nth(LONGEST).is_some() {
        escaped.push('…');
    }
    escaped
}

#[cfg(test)]
mod tests {
    use windlass_domain::{Failure, Finding, Report};

    use super::*;
    use crate::deployment::tests::fact;

    #[test]
    fn a_failed_deployment_says_what_failed_first() {
        let report = Report {
            verdict: Verdict::Fail,
            summary: "the page is broken".to_owned(),
            findings: vec![Finding::new("status", Verdict::Fail, "500 | not 200")],
            data: None,
        };
        let probe = |name: &str, report: Option<Report>| ProbeFact {
            name: name.to_owned(),
            report,
            failure: None,
            took: Some(20),
        };
        let told = deployment(&DeploymentFact {
            failure: Some(Failure {
                code: "smoke".to_owned(),
                message: "`page`: the page is broken".to_owned(),
                retryable: false,
                details: None,
            }),
            smoke: vec![probe("page", Some(report))],
            ..fact("rolled-back")
        });
        insta::assert_snapshot!(told, @r"
        ## rolled back\: kudos v2 failed in uat; v1 runs as before

        **error:** \`page\`\: the page is broken

        Deployment `4f0c9t2m1k8z` by anna (local user 1000), fixes the login; began 2026-08-21 14\:03\:11Z, took 19.1s.

        | image | version | before |
        | --- | --- | --- |
        | backend | v2 `sha256:1ef921a31ef9` | v1 `sha256:aaaaaaaaaaaa` |

        | verification | verdict | what it says |
        | --- | --- | --- |
        | page | fail | the page is broken<br>500 \| not 200 |

        <details><summary>1 step</summary>

        | step | state | took |
        | --- | --- | --- |
        | start backend (new) | done | 0.5s |

        </details>

        **next:** `windlass status kudos`
        ");
    }

    #[test]
    fn a_text_from_outside_stays_a_text() {
        for (text, is) in [
            ("<script>", "\\<script\\>"),
            ("a | b", "a \\| b"),
            ("[x](http://y)", "\\[x\\](http\\://y)"),
            ("# no\n* heading", "\\# no \\* heading"),
            ("`code` ![p](q) @team", "\\`code\\` \\!\\[p\\](q) \\@team"),
            ("www.example.org 1.2", "www\\.example.org 1.2"),
            ("\u{1b}[31mred", "red"),
        ] {
            assert_eq!(escaped(text), is);
        }
        assert!(escaped(&"x".repeat(10_000)).chars().count() <= LONGEST + 1);
    }
}
