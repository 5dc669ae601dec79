//! Why a command failed, as data that another process can be told.
//!
//! The texts come from the errors themselves; see [`windlass_foundation::explain::Explain`]. `windlass_report` shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use windlass_foundation::explain::{ExitCode, Explain, ExplainedError, Part, Place};

/// Why a command failed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ErrorFact {
    /// What failed, on what and why.
    pub error: String,
    /// The causes, the nearest first.
    pub caused_by: Vec<String>,
    /// What to do next, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where in a file, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceFact>,
    /// Each thing that is wrong, when it is several at once: all mistakes of a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<ProblemFact>,
    /// The exit code of the process.
    pub exit: u8,
}

impl ErrorFact {
    /// An error that is made where it is told, without causes.
    #[must_use]
    pub fn new(exit: ExitCode, error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            caused_by: Vec::new(),
            hint: None,
            place: None,
            problems: Vec::new(),
            exit: exit.number(),
        }
    }

    /// The same with what to do next.
    #[must_use]
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl From<&ExplainedError> for ErrorFact {
    fn from(fault: &ExplainedError) -> Self {
        let error = fault.error();
        Self {
            error: error.to_string(),
            caused_by: fault.causes(),
            hint: error.hint(),
            place: error.place().map(Into::into),
            problems: error.parts().into_iter().map(Into::into).collect(),
            exit: fault.exit().number(),
        }
    }
}

/// An error that another process or host told: it is shown as it was told.
#[derive(Debug)]
pub struct RemoteError {
    fact: ErrorFact,
    cause: Option<Cause>,
}

/// A cause of an error that was told, with what caused it.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Cause {
    text: String,
    source: Option<Box<Cause>>,
}

impl From<ErrorFact> for RemoteError {
    fn from(fact: ErrorFact) -> Self {
        let nest =
            |below: Option<Cause>, text: &String| Some(Cause { text: text.clone(), source: below.map(Box::new) });
        Self { cause: fact.caused_by.iter().rev().fold(None, nest), fact }
    }
}

impl std::fmt::Display for RemoteError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.fact.error)
    }
}

impl std::error::Error for RemoteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

impl Explain for RemoteError {
    fn exit(&self) -> ExitCode {
        ExitCode::try_from(self.fact.exit).unwrap_or(ExitCode::Unexpected)
    }

    fn hint(&self) -> Option<String> {
        self.fact.hint.clone()
    }

    fn place(&self) -> Option<Place> {
        self.fact.place.as_ref().map(Place::from)
    }

    fn parts(&self) -> Vec<Part> {
        let part = |problem: &ProblemFact| Part {
            text: problem.error.clone(),
            place: problem.place.as_ref().map(Place::from),
            hint: problem.hint.clone(),
        };
        self.fact.problems.iter().map(part).collect()
    }
}

/// One of several things that are wrong.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ProblemFact {
    /// What is wrong.
    pub error: String,
    /// What to do about it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where in a file, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<PlaceFact>,
}

impl From<Part> for ProblemFact {
    fn from(part: Part) -> Self {
        Self { error: part.text, hint: part.hint, place: part.place.map(Into::into) }
    }
}

/// A place in a file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct PlaceFact {
    /// The file.
    pub file: String,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What the terminal shows of the line. It never leaves the process: whoever asks another process may not be allowed
    /// to read the file.
    #[serde(skip)]
    #[schemars(skip)]
    pub excerpt: Option<Excerpt>,
}

impl PlaceFact {
    /// How a text begins that says the place itself: `FILE:LINE:COLUMN: `.
    #[must_use]
    pub fn heading(&self) -> String {
        format!("{}:{}:{}: ", self.file, self.line, self.column)
    }
}

/// The line of a file that an error is about.
#[derive(Debug, Clone, Default)]
pub struct Excerpt {
    /// The whole line, without its line break.
    pub text: String,
    /// How many characters the caret underlines; 0 and 1 underline one.
    pub length: usize,
}

impl From<&PlaceFact> for Place {
    fn from(fact: &PlaceFact) -> Self {
        let PlaceFact { file, line, column, excerpt } = fact.clone();
        let Excerpt { text, length } = excerpt.unwrap_or_default();
        Self { file, line, column, length, text }
    }
}

impl From<Place> for PlaceFact {
    fn from(place: Place) -> Self {
        let Place { file, line, column, length, text } = place;
        Self { file, line, column, excerpt: (!text.is_empty()).then_some(Excerpt { text, length }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_was_told_is_shown_as_it_was_told() {
        let place = || Some(PlaceFact { file: "release.toml".to_owned(), line: 3, column: 7, excerpt: None });
        let problem =
            ProblemFact { error: "no such key".to_owned(), hint: Some("leave it out".to_owned()), place: place() };
        let fact = ErrorFact {
            error: "the file is wrong".to_owned(),
            caused_by: vec!["it was cut".to_owned(), "the disk is full".to_owned()],
            hint: Some("look at it".to_owned()),
            place: place(),
            problems: vec![problem],
            exit: 3,
        };
        let expected = serde_json::to_value(&fact).unwrap();
        let told = ExplainedError::from(RemoteError::from(fact));
        assert_eq!(serde_json::to_value(ErrorFact::from(&told)).unwrap(), expected);
        assert_eq!(told.exit(), ExitCode::Configuration);
    }
}
