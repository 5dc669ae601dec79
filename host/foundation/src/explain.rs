//! What an error must say to be shown to a person, and the exit codes, which are an API.

mod failure;
mod fault;
mod kind;

use std::error::Error;

use serde::{Deserialize, Serialize};

pub use failure::{
    NOT_WELL, PROBLEMS, advice, failure_hint, failure_parts, failure_place, failure_problems, problem_fact,
};
pub use fault::ExplainedError;
pub use kind::FailureKind;

/// So many parts of one error are shown, and the rest is counted: who has so many begins at the top.
pub const MOST_PARTS: usize = 20;

/// How the process ends. The numbers never change. As JSON it is its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum ExitCode {
    /// The release runs, or ran already; or the question was answered.
    Succeeded,
    /// An error that was not foreseen: no other code describes it.
    Unexpected,
    /// The command line was wrong.
    Usage,
    /// A file was wrong: `agent.toml`, `release.toml`, a Compose file, a plugin.
    Configuration,
    /// A gate said no: nothing was touched.
    Refused,
    /// Something failed and everything is as before.
    RolledBack,
    /// Undo failed: a person must resolve it.
    Stuck,
    /// Another deployment holds the application.
    Busy,
    /// The deployment was left open in the journal: `windlass resume` goes on.
    Interrupted,
    /// The engine, a registry or another server cannot be reached.
    Unavailable,
    /// The plan was made against another state than the one that is there now.
    Stale,
    /// The named application, deployment, plugin or release does not exist.
    NotFound,
}

impl ExitCode {
    /// All codes, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::Succeeded,
        Self::Unexpected,
        Self::Usage,
        Self::Configuration,
        Self::Refused,
        Self::RolledBack,
        Self::Stuck,
        Self::Busy,
        Self::Interrupted,
        Self::Unavailable,
        Self::Stale,
        Self::NotFound,
    ];

    /// The name for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Unexpected => "unexpected",
            Self::Usage => "usage",
            Self::Configuration => "configuration",
            Self::Refused => "refused",
            Self::RolledBack => "rolled back",
            Self::Stuck => "stuck",
            Self::Busy => "busy",
            Self::Interrupted => "interrupted",
            Self::Unavailable => "unavailable",
            Self::Stale => "stale",
            Self::NotFound => "not found",
        }
    }

    /// What it means, and what a script may conclude.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Succeeded => "The release runs, or ran already; or the question was answered.",
            Self::Unexpected => "An unexpected error. The journal says what was done.",
            Self::Usage => "The command line was wrong. Nothing was done.",
            Self::Configuration => {
                "A file was wrong: `agent.toml`, `release.toml`, a Compose file, a plugin. Nothing was touched."
            }
            Self::Refused => "A gate said no, or the release runs already and is not well. Nothing was touched.",
            Self::RolledBack => "Something failed and everything is as before.",
            Self::Stuck => "Undo failed. A person must correct what is wrong, then run `windlass resolve`.",
            Self::Busy => "Another deployment holds the application. Nothing was touched; `--wait` waits.",
            Self::Interrupted => "The deployment was left open in the journal. `windlass resume` goes on.",
            Self::Unavailable => {
                "The engine, a registry or another server cannot be reached, or the agent's disk is full. Try again later."
            }
            Self::Stale => "The plan was made against another state than the one that is there now. Plan again.",
            Self::NotFound => "The named application, deployment, plugin or release does not exist.",
        }
    }

    /// The number for the operating system.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Succeeded => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Refused => 10,
            Self::RolledBack => 11,
            Self::Stuck => 12,
            Self::Busy => 13,
            Self::Interrupted => 14,
            Self::Unavailable => 15,
            Self::Stale => 16,
            Self::NotFound => 17,
        }
    }
}

impl From<ExitCode> for u8 {
    fn from(code: ExitCode) -> Self {
        code.number()
    }
}

impl TryFrom<u8> for ExitCode {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        let found = Self::ALL.into_iter().find(|code| code.number() == number);
        found.ok_or_else(|| format!("{number} is not an exit code of Windlass"))
    }
}

/// A place in a file that a person wrote, for errors that point at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as the person knows it: the path that they gave, or the path inside the bundle.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// How many characters the caret underlines; 0 and 1 underline one.
    pub length: usize,
    /// The whole line, without its line break. Empty when it should not be shown.
    pub text: String,
}

impl Place {
    /// What a text begins with that names the place: `FILE:LINE:COLUMN: `.
    #[must_use]
    pub fn heading(&self) -> String {
        format!("{}:{}:{}: ", self.file, self.line, self.column)
    }

    /// The place of the byte range `start..end` of `source`, the text of `file`. A range outside of the text or
    /// inside of a character is moved to the nearest character; it is cut at the end of its first line.
    #[must_use]
    pub fn of_span(file: &str, source: &str, start: usize, end: usize) -> Self {
        let start = floor(source, start);
        let before = &source[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let text = source[line_start..].split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let end = floor(source, end).clamp(start, (line_start + text.len()).max(start));
        Self {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: source[line_start..start].chars().count() + 1,
            length: source[start..end].chars().count(),
            text: text.to_owned(),
        }
    }
}

/// The last character boundary of `text` at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// An error that provides the exit code of the process and a hint about the user's next action.
///
/// The text of the error says what failed, on what and why, in lower case; sources carry the causes. The renderer
/// prints `error:`, each `caused by:`, and `hint:`. No other code formats errors.
pub trait Explain: Error {
    /// How the process ends because of this.
    fn exit(&self) -> ExitCode;

    /// What to do next, where that is known. Typed text is in backticks.
    fn hint(&self) -> Option<String> {
        None
    }

    /// Where in a file that a person wrote, where that is known. The renderer shows the line with a caret. A text
    /// that begins with `FILE:LINE:COLUMN: ` is shown without that.
    fn place(&self) -> Option<Place> {
        None
    }

    /// The parts of an error that reports several faults at once, each with a place and a hint of its own. Empty for an
    /// error with one fault.
    fn parts(&self) -> Vec<Part> {
        Vec::new()
    }
}

/// One of several things that are wrong at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What is wrong.
    pub text: String,
    /// Where, as for [`Explain::place`].
    pub place: Option<Place>,
    /// What to do about it, as for [`Explain::hint`].
    pub hint: Option<String>,
}

/// A value short enough for a message.
#[must_use]
pub fn shorten(value: &str) -> String {
    const LONGEST: usize = 120;
    if value.chars().count() <= LONGEST {
        return value.to_owned();
    }
    value.chars().take(LONGEST).chain(['…']).collect()
}

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn list<S: AsRef<str>>(items: &[S]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// Names in backticks, as a list: `` `a` and `b` ``.
#[must_use]
pub fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    list(&names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_becomes_the_line_that_a_person_sees() {
        let source = "one = 1\r\nzwöi = 2\nthree = 3";
        let at = source.find('2').unwrap();
        let place = Place::of_span("release.toml", source, at, at + 1);
        assert_eq!((place.line, place.column, place.length, place.text.as_str()), (2, 8, 1, "zwöi = 2"));
        let whole = Place::of_span("release.toml", source, 0, source.len());
        assert_eq!((whole.line, whole.column, whole.length, whole.text.as_str()), (1, 1, 7, "one = 1"));
        let beyond = Place::of_span("release.toml", source, 999, 1000);
        assert_eq!((beyond.line, beyond.column, beyond.length), (3, 10, 0));
    }

    #[test]
    fn a_list_reads_as_a_sentence() {
        for (items, text) in [(&["a"][..], "a"), (&["a", "b"], "a and b"), (&["a", "b", "c"], "a, b and c")] {
            assert_eq!(list(items), text);
        }
        assert_eq!(quoted(&["a", "b"]), "`a` and `b`");
    }
}
