//! Between generated types and documents. Nothing generated leaves this crate except through here.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use windlass_config::Limits;
use windlass_domain::{Failure, Finding, Report, Verdict};
use windlass_foundation::redact::Redactor;

use super::bindings::imports::windlass::plugin::common as wit;
use super::limits::{bytes, size};
use super::text::{beginning, plain};

/// The longest code of a failure, in bytes.
const LONGEST_CODE: usize = 128;

/// The longest sentence that is shown in place of the agent's own words, in bytes.
const LONGEST_SENTENCE: usize = 400;

/// The longest message of the JSON reader that is repeated, in bytes: it quotes the document.
const LONGEST_REASON: usize = 500;

/// A failure for a plugin.
pub(super) fn to_failure(failure: &Failure) -> wit::Failure {
    wit::Failure {
        code: failure.code.clone(),
        message: failure.message.clone(),
        retryable: failure.retryable,
        details: failure.details.as_ref().map(ToString::to_string),
    }
}

/// Makes what plugins wrote fit to be shown and kept: no control characters, no secret value, no more than the limits.
pub(super) struct Cleaner<'a> {
    pub(super) redactor: &'a Redactor,
    pub(super) limits: &'a Limits,
}

impl Cleaner<'_> {
    /// A failure from a plugin. What is too long in it is cut: why something failed must not get lost.
    pub(super) fn failure(&self, failure: wit::Failure) -> Failure {
        Failure {
            code: beginning(&self.text(&failure.code), LONGEST_CODE),
            message: self.text(&failure.message),
            retryable: failure.retryable,
            details: failure.details.map(|text| {
                self.facts("its details", &text).unwrap_or_else(|reason| Value::String(format!("left out: {reason}")))
            }),
        }
    }

    /// A report from a plugin. The error is a fragment: "its report …".
    pub(super) fn report(&self, report: wit::Report) -> Result<Report, String> {
        let most = self.limits.findings;
        if report.findings.len() as u64 > most {
            return Err(format!("its report has {} findings (limit `findings` = {most})", report.findings.len()));
        }
        let data = |finding: &wit::Finding| finding.evidence.as_ref().map_or(0, String::len);
        let total: usize = report.findings.iter().map(|finding| data(finding) + finding.title.len()).sum();
        if total as u64 > self.limits.output {
            return Err(format!("its report has {total} bytes (limit `output` = {})", bytes(self.limits.output)));
        }
        Ok(Report {
            verdict: from_verdict(report.verdict),
            summary: self.text(&report.summary),
            findings: report.findings.into_iter().map(|finding| self.finding(finding)).collect::<Result<_, _>>()?,
            data: report.data.map(|text| self.facts("its report's data", &text)).transpose()?,
        })
    }

    fn finding(&self, finding: wit::Finding) -> Result<Finding, String> {
        Ok(Finding {
            id: self.text(&finding.id),
            verdict: from_verdict(finding.verdict),
            title: self.text(&finding.title),
            remedy: finding.remedy.map(|text| self.text(&text)),
            evidence: finding.evidence.map(|text| self.facts("the evidence of a finding", &text)).transpose()?,
        })
    }

    /// A text for people: redacted, and then cut.
    pub(super) fn text(&self, text: &str) -> String {
        beginning(&plain(&self.redactor.text(text)), size(self.limits.text))
    }

    /// A list of sentences for people. The error is a fragment: "its answer …".
    pub(super) fn list(&self, texts: &[String]) -> Result<Vec<String>, String> {
        let most = self.limits.plan_steps;
        if texts.len() as u64 > most {
            return Err(format!("its answer has {} texts (limit `plan-steps` = {most})", texts.len()));
        }
        Ok(texts.iter().map(|text| self.sentence(text)).collect())
    }

    /// A text for people that is one sentence: on one line, and short.
    pub(super) fn sentence(&self, text: &str) -> String {
        let words: Vec<&str> = text.split_whitespace().collect();
        beginning(&self.text(&words.join(" ")), LONGEST_SENTENCE)
    }

    /// A document of a known shape. The error is a fragment: "its plan …".
    pub(super) fn document<T: DeserializeOwned>(&self, name: &str, text: &str) -> Result<T, String> {
        document(name, &self.redactor.text(text))
    }

    /// Evidence is for people: what is not JSON is kept as the text that it is. The error is a fragment.
    pub(super) fn facts(&self, what: &str, text: &str) -> Result<Value, String> {
        small(what, text, self.limits)?;
        let text = self.redactor.text(text);
        Ok(serde_json::from_str(&text).unwrap_or_else(|_| Value::String(plain(&text))))
    }
}

/// Whether a document that is kept with each step, finding or delivery is of a bearable size.
pub(super) fn small(what: &str, text: &str, limits: &Limits) -> Result<(), String> {
    if text.len() as u64 > limits.facts {
        return Err(format!("{what} has {} bytes (limit `facts` = {})", text.len(), bytes(limits.facts)));
    }
    Ok(())
}

fn from_verdict(verdict: wit::Verdict) -> Verdict {
    match verdict {
        wit::Verdict::Pass => Verdict::Pass,
        wit::Verdict::Warn => Verdict::Warn,
        wit::Verdict::Fail => Verdict::Fail,
        wit::Verdict::Inconclusive => Verdict::Inconclusive,
        wit::Verdict::Pending => Verdict::Pending,
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
        message: format!("`{name}` is not JSON: {}", beginning(&plain(&error.to_string()), LONGEST_REASON)),
        retryable: false,
        details: None,
    })
}

/// An answer of an export that must be a document of a known shape. The error is a fragment: "its plan …".
pub(super) fn document<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| {
        let reason = beginning(&plain(&error.to_string()), LONGEST_REASON);
        format!("its {name} does not have the documented shape: {reason}")
    })
}
