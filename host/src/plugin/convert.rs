//! Between generated types and documents. Nothing generated leaves `plugin` except through here.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use windlass_documents::{Failure, Finding, Report, Verdict};

use super::bindings::imports::windlass::plugin::types;
use super::text::plain;
use crate::redact::Redactor;

/// A failure for a plugin.
pub(super) fn to_failure(failure: &Failure) -> types::Failure {
    types::Failure {
        code: failure.code.clone(),
        message: failure.message.clone(),
        retryable: failure.retryable,
        details: failure.details.as_ref().map(ToString::to_string),
    }
}

/// Makes what plugins wrote fit to be shown and kept: no control characters, no secret value.
pub(super) struct Cleaner<'a>(pub(super) &'a Redactor);

impl Cleaner<'_> {
    /// A failure from a plugin.
    pub(super) fn failure(&self, failure: types::Failure) -> Failure {
        Failure {
            code: self.text(&failure.code),
            message: self.text(&failure.message),
            retryable: failure.retryable,
            details: failure.details.map(|text| self.lenient(&text)),
        }
    }

    /// A report from a plugin.
    pub(super) fn report(&self, report: types::Report) -> Report {
        Report {
            verdict: from_verdict(report.verdict),
            summary: self.text(&report.summary),
            findings: report.findings.into_iter().map(|finding| self.finding(finding)).collect(),
            data: report.data.map(|text| self.lenient(&text)),
        }
    }

    fn finding(&self, finding: types::Finding) -> Finding {
        Finding {
            id: self.text(&finding.id),
            verdict: from_verdict(finding.verdict),
            title: self.text(&finding.title),
            remedy: finding.remedy.map(|text| self.text(&text)),
            evidence: finding.evidence.map(|text| self.lenient(&text)),
        }
    }

    /// A text for people.
    pub(super) fn text(&self, text: &str) -> String {
        plain(&self.0.text(text))
    }

    /// A document of a known shape. The error is a fragment: "its plan …".
    pub(super) fn document<T: DeserializeOwned>(&self, name: &str, text: &str) -> Result<T, String> {
        document(name, &self.0.text(text))
    }

    /// Evidence is for people: what is not JSON is kept as the text that it is.
    fn lenient(&self, text: &str) -> Value {
        let text = self.0.text(text);
        serde_json::from_str(&text).unwrap_or_else(|_| Value::String(plain(&text)))
    }
}

fn from_verdict(verdict: types::Verdict) -> Verdict {
    match verdict {
        types::Verdict::Pass => Verdict::Pass,
        types::Verdict::Warn => Verdict::Warn,
        types::Verdict::Fail => Verdict::Fail,
        types::Verdict::Inconclusive => Verdict::Inconclusive,
        types::Verdict::Pending => Verdict::Pending,
    }
}

/// A document for a plugin.
pub(super) fn to_json(document: &impl Serialize) -> String {
    // Our own documents have string keys only, so this cannot fail.
    serde_json::to_string(document).unwrap_or_else(|_| "null".to_owned())
}

/// An argument of an import that must be JSON.
pub(super) fn argument(name: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure {
        code: "invalid-argument".to_owned(),
        message: format!("`{name}` is not JSON: {error}"),
        retryable: false,
        details: None,
    })
}

/// An answer of an export that must be a document of a known shape. The error is a fragment: "its plan …".
pub(super) fn document<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("its {name} does not have the documented shape: {error}"))
}
