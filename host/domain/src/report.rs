//! Answers of checks and smoke tests, and failures, as they are stored and shown.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a check or a smoke test concludes. The meaning of each word is in `wit/0.2/common.wit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All is well.
    Pass,
    /// Well enough to go on.
    Warn,
    /// No.
    Fail,
    /// The question could not be answered.
    Inconclusive,
    /// Not yet.
    Pending,
}

impl Verdict {
    /// How bad it is, for taking the worst of several: pass, warn, pending, inconclusive, fail.
    #[must_use]
    pub fn severity(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Warn => 1,
            Self::Pending => 2,
            Self::Inconclusive => 3,
            Self::Fail => 4,
        }
    }

    /// The worst of several; `pass` of none.
    pub fn worst(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().max_by_key(|verdict| verdict.severity()).unwrap_or(Self::Pass)
    }
}

/// The answer of a check or a smoke test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Report {
    /// The whole.
    pub verdict: Verdict,
    /// One line for the operator.
    pub summary: String,
    /// Everything that was looked at.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Facts for other tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// Stable within the plugin and short.
    pub id: String,
    /// What it means for the release.
    pub verdict: Verdict,
    /// One line.
    pub title: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// What was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Value>,
}

/// Why a call did not give an answer. The meaning of each field is in `wit/0.2/common.wit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct Failure {
    /// A kebab-case word to branch on.
    pub code: String,
    /// One sentence for the operator.
    pub message: String,
    /// Whether the same call may succeed later.
    #[serde(default)]
    pub retryable: bool,
    /// Facts for machines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

impl Report {
    /// A report without findings.
    #[must_use]
    pub fn new(verdict: Verdict, summary: impl Into<String>) -> Self {
        Self { verdict, summary: summary.into(), findings: Vec::new(), data: None }
    }

    /// All is well.
    #[must_use]
    pub fn pass(summary: impl Into<String>) -> Self {
        Self::new(Verdict::Pass, summary)
    }

    /// No.
    #[must_use]
    pub fn fail(summary: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, summary)
    }

    /// A report whose verdict is the worst of its findings.
    #[must_use]
    pub fn of(findings: Vec<Finding>, summary: impl Into<String>) -> Self {
        let verdict = Verdict::worst(findings.iter().map(|finding| finding.verdict));
        Self { verdict, summary: summary.into(), findings, data: None }
    }

    /// Adds facts for other tools.
    #[must_use]
    pub fn data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }
}

impl Failure {
    /// Says what to do next, beside whatever facts there are; in place of what was said before.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        let mut details = match self.details {
            Some(Value::Object(details)) => details,
            _ => serde_json::Map::new(),
        };
        details.insert("hint".to_owned(), Value::String(hint.into()));
        self.details = Some(details.into());
        self
    }

    /// The same where that is known.
    #[must_use]
    pub fn hint_if_known(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }
}

impl Finding {
    /// A finding with a short stable id and one line.
    #[must_use]
    pub fn new(id: impl Into<String>, verdict: Verdict, title: impl Into<String>) -> Self {
        Self { id: id.into(), verdict, title: title.into(), remedy: None, evidence: None }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Adds what was seen.
    #[must_use]
    pub fn evidence(mut self, evidence: Value) -> Self {
        self.evidence = Some(evidence);
        self
    }
}
