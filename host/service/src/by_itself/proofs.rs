//! What a row of samples of a watch means: a test fails when it said so twice in a row, and one that could not be asked is
//! another matter.
//!
//! A pure function of the samples; nothing here asks, waits or writes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_journal::{Answered, Decision, ProbeResult};

/// What the last sample left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Memory {
    /// The tests that did not pass, and whether they could not be asked.
    last: BTreeMap<String, bool>,
    /// Whether the way back was begun: never twice.
    pub(crate) has_acted: bool,
}

/// What the samples so far mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Everything passed.
    Well,
    /// It takes another sample to say.
    Unclear,
    /// A test failed twice in a row.
    Fails(String),
    /// A test could not be asked twice in a row.
    CannotTell(String),
}

impl Memory {
    /// Adds a sample.
    pub(crate) fn add(&mut self, proofs: &[Answered]) -> Meaning {
        let before = std::mem::take(&mut self.last);
        let refused = proofs.iter().filter(|proof| proof.decision == Decision::Refused);
        self.last = refused.map(|proof| (proof.name.clone(), is_error(proof))).collect();
        if self.last.is_empty() {
            return Meaning::Well;
        }
        let again = |error: bool| {
            proofs
                .iter()
                .find(|proof| self.last.get(&proof.name) == Some(&error) && before.get(&proof.name) == Some(&error))
        };
        if let Some(failed) = again(false) {
            return Meaning::Fails(line(failed));
        }
        again(true).map_or(Meaning::Unclear, |erring| Meaning::CannotTell(line(erring)))
    }
}

/// Whether it broke, and so says nothing about the release.
fn is_error(proof: &Answered) -> bool {
    matches!(proof.answer, ProbeResult::Failure(_))
}

/// One line about what did not pass.
fn line(proof: &Answered) -> String {
    super::short(&match &proof.answer {
        ProbeResult::Report(report) => format!("{} failed: {}", proof.name, report.summary),
        ProbeResult::Failure(failure) => format!("{} could not be asked: {}", proof.name, failure.message),
    })
}

#[cfg(test)]
mod tests {
    use windlass_domain::{Failure, Report, Verdict};

    use super::*;

    fn sample(name: &str, answer: Result<Verdict, ()>) -> Answered {
        let answer = match answer {
            Ok(verdict) => {
                let summary = "503".to_owned();
                ProbeResult::Report(Report { verdict, summary, findings: Vec::new(), data: None })
            }
            Err(()) => ProbeResult::Failure(Failure {
                code: "timeout".to_owned(),
                message: "no answer".to_owned(),
                retryable: false,
                details: None,
            }),
        };
        let passed = matches!(&answer, ProbeResult::Report(report) if report.verdict == Verdict::Pass);
        let decision = if passed { Decision::Passed } else { Decision::Refused };
        Answered { name: name.to_owned(), answer, decision }
    }

    #[test]
    fn the_same_test_fails_twice_in_a_row_before_it_counts() {
        let (well, ill) = (|name| sample(name, Ok(Verdict::Pass)), |name| sample(name, Ok(Verdict::Fail)));
        let mut memory = Memory::default();
        assert_eq!(memory.add(&[well("health"), ill("page")]), Meaning::Unclear);
        assert_eq!(memory.add(&[well("health"), well("page")]), Meaning::Well);
        assert_eq!(memory.add(&[well("health"), ill("page")]), Meaning::Unclear);
        // Another one.
        assert_eq!(memory.add(&[ill("health"), well("page")]), Meaning::Unclear);
        assert_eq!(memory.add(&[ill("health"), ill("page")]), Meaning::Fails("health failed: 503".to_owned()));
        assert_eq!(memory.add(&[well("health"), ill("page")]), Meaning::Fails("page failed: 503".to_owned()));
        assert_eq!(memory.add(&[well("health"), well("page")]), Meaning::Well);
    }

    #[test]
    fn a_test_that_cannot_be_asked_says_nothing_about_the_release() {
        let (error, ill) = (|| sample("page", Err(())), || sample("page", Ok(Verdict::Fail)));
        let mut memory = Memory::default();
        assert_eq!(memory.add(&[error()]), Meaning::Unclear);
        assert_eq!(memory.add(&[ill()]), Meaning::Unclear);
        assert_eq!(memory.add(&[error()]), Meaning::Unclear);
        assert_eq!(memory.add(&[error()]), Meaning::CannotTell("page could not be asked: no answer".to_owned()));
        assert_eq!(memory.add(&[ill()]), Meaning::Unclear);
        assert_eq!(memory.add(&[ill()]), Meaning::Fails("page failed: 503".to_owned()));
    }
}
