//! Errors as people read them: `error:`, the place with a caret, `caused by:`, `hint:`.
//!
//! No other code formats errors. The texts come from the errors themselves; see
//! [`windlass_foundation::explain::Explain`].

use windlass_api::error::{ErrorFact, PlaceFact, ProblemFact};
use windlass_domain::Failure;
use windlass_foundation::explain::{MOST_PARTS, failure_hint, failure_parts, failure_place};

use super::page::{Ink, Line, Page};

/// An error for people.
#[must_use]
pub fn page(error: &ErrorFact, width: usize) -> Page {
    if !error.problems.is_empty() {
        return several(&error.problems, width);
    }
    let mut page = Page::new();
    part(&mut page, &error.error, error.place.as_ref(), width);
    for cause in &error.caused_by {
        paragraph(&mut page, ("caused by:", Ink::Bad), cause, width);
    }
    if let Some(hint) = &error.hint {
        paragraph(&mut page, ("hint:", Ink::Accent), hint, width);
    }
    page
}

/// One error after the other, each with its own place and hint.
fn several(problems: &[ProblemFact], width: usize) -> Page {
    let mut page = Page::new();
    for one in problems.iter().take(MOST_PARTS) {
        part(&mut page, &one.error, one.place.as_ref(), width);
        if let Some(hint) = &one.hint {
            paragraph(&mut page, ("hint:", Ink::Accent), hint, width);
        }
    }
    if problems.len() > MOST_PARTS {
        page.push(Line::plain(format!("and {} more", problems.len() - MOST_PARTS)));
    }
    page
}

/// The text of an error, and its place.
fn part(page: &mut Page, text: &str, place: Option<&PlaceFact>, width: usize) {
    let Some(place) = place else { return paragraph(page, ("error:", Ink::Bad), text, width) };
    let text = text.strip_prefix(&place.heading()).unwrap_or(text);
    paragraph(page, ("error:", Ink::Bad), text, width);
    page.append(snippet(place));
}

/// A failure that a plugin or a capability reported: its message, the log lines that it carries, the lines that would
/// allow it, its hint.
#[must_use]
pub fn failure(failure: &Failure, width: usize) -> Page {
    let problems: Vec<ProblemFact> = failure_parts(failure).into_iter().map(Into::into).collect();
    if !problems.is_empty() {
        return several(&problems, width);
    }
    let mut page = Page::new();
    part(&mut page, &failure.message, failure_place(failure).map(Into::into).as_ref(), width);
    // The failed part wrote this last: `strategy-compose` includes the log and the health log of an unhealthy
    // container.
    for name in ["log", "logs", "health-log"] {
        if let Some(log) = failure.details.as_ref().and_then(|details| details.get(name)) {
            page.indented("    ", super::probe::evidence(log));
        }
    }
    if let Some(hint) = failure_hint(failure) {
        paragraph(&mut page, ("hint:", Ink::Accent), &hint, width);
    }
    page
}

/// A headed text. One line is wrapped under its own beginning; of several, those after the first are kept as they
/// are, because they are lines to type or to copy.
pub(super) fn paragraph(page: &mut Page, (heading, ink): (&str, Ink), text: &str, width: usize) {
    let mut lines = text.lines();
    let first = Line::new().ink(ink, heading).text(" ");
    page.wrapped(first, Ink::Plain, lines.next().unwrap_or_default(), width);
    for line in lines {
        page.push(if line.is_empty() { Line::new() } else { Line::plain("    ").ink(Ink::Plain, line) });
    }
}

/// The line of a file with a caret under the place.
fn snippet(place: &PlaceFact) -> Page {
    /// A longer line, such as a minified file, is cut around the place.
    const LONGEST: usize = 120;
    let mut page = Page::new();
    let number = place.line.to_string();
    let gutter = " ".repeat(number.len());
    page.push(
        Line::plain(&gutter)
            .ink(Ink::Dim, "--> ")
            .ink(Ink::Accent, format!("{}:{}:{}", place.file, place.line, place.column)),
    );
    let Some(excerpt) = &place.excerpt else { return page };
    let skipped = if place.column > LONGEST { place.column - LONGEST / 2 } else { 0 };
    // A character that the page would drop is shown as a space, so that the caret stays under its place.
    let shown: String = excerpt
        .text
        .chars()
        .skip(skipped)
        .take(LONGEST)
        .map(|character| if super::page::clean(&character.to_string()).is_empty() { ' ' } else { character })
        .collect();
    let before: String = shown.chars().take(place.column.saturating_sub(1 + skipped)).collect();
    let caret = "^".repeat(excerpt.length.clamp(1, LONGEST.saturating_sub(before.chars().count()).max(1)));
    let space = " ".repeat(unicode_width::UnicodeWidthStr::width(before.as_str()));
    page.push(Line::plain(&gutter).ink(Ink::Dim, " |"));
    page.push(Line::new().ink(Ink::Dim, format!("{number} |")).text(" ").text(shown.trim_end()));
    page.push(Line::plain(&gutter).ink(Ink::Dim, " |").text(" ").text(space).ink(Ink::Bad, caret));
    page
}

#[cfg(test)]
mod tests {
    use windlass_foundation::explain::{ExitCode, Explain, ExplainedError, Place};

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("could not read the release of `kudos`")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("unknown key `polcy`; known keys are `policy`, `checks` and `smoke`")]
    struct Inner;

    impl Explain for Outer {
        fn exit(&self) -> ExitCode {
            ExitCode::Configuration
        }
        fn hint(&self) -> Option<String> {
            Some("did you mean `policy`?".to_owned())
        }
        fn place(&self) -> Option<Place> {
            Some(Place::of_span("kudos/release.toml", "a = 1\n[polcy]\n", 7, 12))
        }
    }

    #[test]
    fn an_error_shows_its_place_its_causes_and_a_hint() {
        let page = page(&ErrorFact::from(&ExplainedError::from(Outer(Inner))), 100);
        insta::assert_snapshot!(page.render(false), @r"
        error: could not read the release of `kudos`
         --> kudos/release.toml:2:2
          |
        2 | [polcy]
          |  ^^^^^
        caused by: unknown key `polcy`; known keys are `policy`, `checks` and `smoke`
        hint: did you mean `policy`?
        ");
    }

    #[test]
    fn of_several_problems_each_has_its_own_place_and_hint() {
        let problems = serde_json::json!([
            { "message": "Compose knows no key `comand` here", "hint": "did you mean `command`?",
              "file": "compose.yaml", "line": 5, "column": 5, "text": "    comand: x" },
            { "message": "`abc` is not a port", "hint": null, "file": "compose.yaml", "line": 9, "column": 13 },
        ]);
        let found = Failure {
            code: "invalid-config".to_owned(),
            message: "both in one".to_owned(),
            retryable: false,
            details: Some(serde_json::json!({ "problems": problems, "hint": "did you mean `command`?" })),
        };
        insta::assert_snapshot!(failure(&found, 80).render(false), @r"
        error: Compose knows no key `comand` here
         --> compose.yaml:5:5
          |
        5 |     comand: x
          |     ^
        hint: did you mean `command`?
        error: `abc` is not a port
         --> compose.yaml:9:13
        ");
    }

    #[test]
    fn a_denial_shows_the_lines_that_would_allow_it() {
        let denied = Failure {
            code: "capability-denied".to_owned(),
            message: "`check-ours` may not ask for http to `https://broker.example`".to_owned(),
            retryable: false,
            details: Some(serde_json::json!({"grant": "[[grants]]\nplugin = \"check-ours\"\nhttp = []\n"})),
        };
        insta::assert_snapshot!(failure(&denied, 100).render(false), @r#"
        error: `check-ours` may not ask for http to `https://broker.example`
        hint: the operator can allow it in agent.toml:

            [[grants]]
            plugin = "check-ours"
            http = []
        "#);
    }
}
