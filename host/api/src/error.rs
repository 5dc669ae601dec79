//! Why a command failed, as data that another process can be told.
//!
//! The texts come from the errors themselves; see [`windlass_foundation::explain::Explain`]. `windlass_report` shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use windlass_foundation::explain::{ExplainedError, Part, Place};

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
#[derive(Debug, Clone)]
pub struct Excerpt {
    /// The whole line, without its line break.
    pub text: String,
    /// How many characters the caret underlines; 0 and 1 underline one.
    pub length: usize,
}

impl From<Place> for PlaceFact {
    fn from(place: Place) -> Self {
        let Place { file, line, column, length, text } = place;
        Self { file, line, column, excerpt: (!text.is_empty()).then_some(Excerpt { text, length }) }
    }
}
