//! What failed, with its evidence and what to do about it.

use maud::{Markup, html};
use serde_json::Value;
use windlass_domain::Failure;
use windlass_foundation::explain::failure_hint;

use super::badge::{Tone, badge};
use super::text;

/// The most lines of evidence.
const LINES: usize = 200;

/// A failure that stands out.
pub(crate) fn callout(heading: &str, failure: &Failure) -> Markup {
    html! {
        div.callout.bad {
            p { strong { (badge(Tone::Bad, heading)) } " " (text::prose(&failure.message)) }
            (details(failure))
        }
    }
}

/// Its hint, and what the failed part wrote last.
pub(crate) fn details(failure: &Failure) -> Markup {
    let logs = ["log", "logs", "health-log"];
    let logs = logs.iter().filter_map(|name| Some((name, failure.details.as_ref()?.get(name)?)));
    html! {
        @if let Some(hint) = failure_hint(failure) { (self::hint("hint", &hint)) }
        @for (name, log) in logs { p.label { (name) } (evidence(log)) }
    }
}

/// What to do: the first line is a sentence; those after it are lines to type or to copy.
pub(crate) fn hint(word: &str, hint: &str) -> Markup {
    let (first, rest) = hint.split_once('\n').unwrap_or((hint, ""));
    html! {
        p.hint { strong { (word) ":" } " " (text::prose(first)) }
        @if !rest.trim().is_empty() { pre { (text::block(rest.trim_matches('\n'))) } }
    }
}

/// Evidence: texts as they are, facts one to a line, the rest as JSON.
pub(crate) fn evidence(evidence: &Value) -> Markup {
    let mut lines = Vec::new();
    let mut push = |name: &str, value: &Value| {
        let text = match value {
            Value::Null => return,
            Value::String(text) => text.clone(),
            // An entry of a health log, as the Docker Engine keeps it.
            Value::Object(fields) if fields.contains_key("ExitCode") && fields.contains_key("Output") => {
                let said = fields["Output"].as_str().unwrap_or_default();
                let said: Vec<&str> = said.split_whitespace().collect();
                format!("health check: exit {}: {}", fields["ExitCode"], said.join(" "))
            }
            other => other.to_string(),
        };
        let text = text::block(&text);
        match (name.is_empty(), text.contains('\n')) {
            (true, _) => lines.extend(text.lines().map(str::to_owned)),
            (false, true) => {
                lines.push(format!("{}:", text::line(name)));
                lines.extend(text.lines().map(|line| format!("  {line}")));
            }
            (false, false) => lines.push(format!("{}: {text}", text::line(name))),
        }
    };
    match evidence {
        Value::Object(fields) => fields.iter().take(LINES).for_each(|(name, value)| push(name, value)),
        Value::Array(items) => items.iter().take(LINES).for_each(|value| push("", value)),
        other => push("", other),
    }
    let (shown, more) = text::some(&lines, LINES);
    html! {
        @if !shown.is_empty() { pre { (text::block(&shown.join("\n"))) } }
        (text::more(more, "line"))
    }
}
