//! What a broker's answer means for a release. Asks nobody.
//!
//! Stricter than the broker and its command-line clients, which say yes when one of several live versions of a provider
//! never verified the contract, and when there was nothing to verify, and which wait for an unknown where something
//! else has failed already.

use std::collections::BTreeSet;

use windlass_pact::{Live, Matrix, Pacticipant, Row};
use windlass_sdk::prelude::*;

use crate::config::Policy;

/// What was asked.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub(crate) pacticipants: &'a [Pacticipant],
    pub(crate) environment: &'a str,
    pub(crate) nothing_to_check: Policy,
    /// What an unknown is: pending, or a no when nobody wants to wait.
    pub(crate) unknown: Verdict,
}

/// The whole of findings. An unknown that may become known is waited for, whatever else could not be answered: policy
/// may pass over the latter and must not pass over the former with it.
pub(crate) fn whole(findings: &[Finding]) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Pass => 0,
        Verdict::Warn => 1,
        Verdict::Inconclusive => 2,
        Verdict::Pending => 3,
        Verdict::Fail => 4,
    };
    findings.iter().map(|finding| finding.verdict).max_by_key(rank).unwrap_or(Verdict::Pass)
}

/// Everything that the answer shows, and what is live in the environment shows of it.
pub(crate) fn judge(question: &Question<'_>, matrix: &Matrix, live: &Live) -> Vec<Finding> {
    let mut findings: Vec<Finding> = matrix.rows.iter().map(|row| question.row(row, live)).collect();
    findings.extend(question.unverified(matrix, live));
    findings.extend(question.nothing(matrix));
    findings.extend(question.conclusion(matrix, &findings));
    let verdict = whole(&findings);
    findings.extend(words(matrix, verdict));
    findings
}

/// The line for the operator.
pub(crate) fn summary(question: &Question<'_>, matrix: &Matrix, findings: &[Finding]) -> String {
    let named: Vec<String> = question.pacticipants.iter().map(ToString::to_string).collect();
    let (named, environment) = (named.join(" and "), question.environment);
    let verdict = whole(findings);
    let first = findings.iter().find(|finding| finding.verdict == verdict);
    let first = first.map(|finding| finding.title.as_str()).unwrap_or_default();
    match verdict {
        Verdict::Pass => {
            let count = matrix.rows.iter().filter(|row| row.success == Some(true)).count();
            let word = if count == 1 { "verification" } else { "verifications" };
            format!("{named} may be deployed to {environment}: {count} {word} succeeded")
        }
        Verdict::Warn => format!("{named} may be deployed to {environment}, with a warning: {first}"),
        Verdict::Pending => format!("not known yet for {named} in {environment}: {first}"),
        Verdict::Inconclusive => format!("not answered for {named} in {environment}: {first}"),
        Verdict::Fail => format!("{named} must not be deployed to {environment}: {first}"),
    }
}

impl Question<'_> {
    /// Whether a name is asked about, in the version that is asked about.
    fn asks(&self, name: &str) -> Option<&Pacticipant> {
        self.pacticipants.iter().find(|pacticipant| pacticipant.name == name)
    }

    fn row(&self, row: &Row, live: &Live) -> Finding {
        let version = |version: &Option<String>| version.as_deref().map(|text| format!(" {text}")).unwrap_or_default();
        // The broker names no version of a provider that has verified nothing; which one was meant is known here.
        let known = row.provider_version.clone().or_else(|| Some(self.asks(&row.provider)?.version.clone()));
        let consumer = format!("{}{}", row.consumer, version(&row.consumer_version));
        let provider = format!("{}{}", row.provider, version(&known));
        let place = |link: &Option<String>| link.as_deref().map(|link| format!(": {link}")).unwrap_or_default();
        let id = format!("pact:{consumer}/{provider}");
        let finding = match row.success {
            _ if row.ignored => {
                let title = format!("the contract of {consumer} with {provider} is ignored by the broker");
                Finding::new(id, Verdict::Warn, title)
            }
            Some(true) => {
                let title = format!("{provider} verified the contract of {consumer}{}", place(&row.result));
                Finding::new(id, Verdict::Pass, title)
            }
            Some(false) => {
                let title = format!("{provider} broke the contract of {consumer}{}", place(&row.result));
                Finding::new(id, Verdict::Fail, title)
                    .remedy("read the verification's result; deploy a version that keeps the contract")
            }
            None if self.asks(&row.provider).is_none() && live.lacks(&row.provider) => {
                let (name, environment) = (&row.provider, self.environment);
                let title = format!(
                    "{consumer} needs {name}, of which nothing is recorded in {environment}{}",
                    place(&row.pact)
                );
                Finding::new(id, Verdict::Fail, title).remedy(format!(
                    "no verification changes that: deploy {name} to {environment} first, or record there what runs"
                ))
            }
            None => {
                let title =
                    format!("no verification of the contract of {consumer} by {provider} is known{}", place(&row.pact));
                Finding::new(id, self.unknown, title)
                    .remedy(format!("have the build of {} verify it and publish the result", row.provider))
            }
        };
        finding.evidence(json!({ "pact": row.pact, "result": row.result, "success": row.success }))
    }

    /// Live versions of providers that have said nothing about a contract, which the broker leaves out as soon as
    /// another live version has.
    fn unverified(&self, matrix: &Matrix, live: &Live) -> Vec<Finding> {
        let mine = |row: &&Row| {
            self.asks(&row.consumer).is_some_and(|asked| row.consumer_version.as_deref() == Some(&asked.version))
                && self.asks(&row.provider).is_none()
                && !row.ignored
        };
        let pairs: BTreeSet<(&str, &str)> =
            matrix.rows.iter().filter(mine).map(|row| (row.consumer.as_str(), row.provider.as_str())).collect();
        let mut findings = Vec::new();
        for (consumer, provider) in pairs {
            let rows: Vec<&Row> = matrix
                .rows
                .iter()
                .filter(mine)
                .filter(|row| row.consumer == consumer && row.provider == provider)
                .collect();
            for version in live.versions(provider) {
                let says = |row: &&&Row| row.provider_version.as_deref() == Some(version) && row.success.is_some();
                if rows.iter().any(|row| says(&row)) {
                    continue;
                }
                let title = format!(
                    "{provider} {version} is live in {} and has not verified the contract of {consumer}",
                    self.environment
                );
                let remedy = format!(
                    "have {provider} {version} verify it; if that version runs there no more, record that it does not"
                );
                findings.push(
                    Finding::new(format!("live:{provider} {version}/{consumer}"), self.unknown, title).remedy(remedy),
                );
            }
        }
        findings
    }

    /// Pacticipants of which the answer says nothing.
    fn nothing(&self, matrix: &Matrix) -> Vec<Finding> {
        if matrix.deployable == Some(false) && matrix.rows.is_empty() {
            return Vec::new();
        }
        let named = |asked: &&Pacticipant| {
            !matrix.rows.iter().any(|row| row.consumer == asked.name || row.provider == asked.name)
        };
        let finding = |asked: &Pacticipant| {
            let title = format!("{asked} has no contract with anything in {}", self.environment);
            let verdict = self.nothing_to_check.verdict();
            Finding::new(format!("nothing-to-check:{}", asked.name), verdict, title).remedy(
                "were its contracts published, and is what runs there recorded? If it needs none, set `nothing-to-check`",
            )
        };
        self.pacticipants.iter().filter(named).map(finding).collect()
    }

    /// What the broker concludes beyond its rows.
    fn conclusion(&self, matrix: &Matrix, findings: &[Finding]) -> Vec<Finding> {
        let verdict = whole(findings);
        let mut more = Vec::new();
        if matrix.failed > 0 && verdict != Verdict::Fail {
            let title = format!("the broker counts {} failed verifications that it does not list", matrix.failed);
            more.push(Finding::new("failed", Verdict::Fail, title));
        } else if matrix.deployable == Some(false) && verdict != Verdict::Fail {
            let remedy = "has the build of this version published its contracts to this broker?";
            more.push(
                Finding::new("deployable", Verdict::Fail, format!("the broker says no: {}", matrix.reason))
                    .remedy(remedy),
            );
        } else if matrix.deployable.is_none() && !matches!(verdict, Verdict::Fail | Verdict::Pending) {
            let title = format!("the broker does not know: {}", matrix.reason);
            more.push(Finding::new("deployable", self.unknown, title));
        }
        if matrix.may_be_cut {
            let title = format!("the broker lists {} verifications and may know more", matrix.rows.len());
            more.push(Finding::new("cut", Verdict::Inconclusive, title));
        }
        more
    }
}

/// What the broker says, in its words: as bad as the whole where it calls it an error.
fn words(matrix: &Matrix, whole: Verdict) -> Vec<Finding> {
    let conclusion = match (matrix.deployable, whole) {
        (Some(true), Verdict::Pass) => Verdict::Pass,
        (Some(true), _) => Verdict::Warn,
        _ => whole,
    };
    let mut findings =
        vec![Finding::new("broker", conclusion, format!("the broker: {}", matrix.reason)).evidence(json!({
        "deployable": matrix.deployable, "success": matrix.success, "failed": matrix.failed, "unknown": matrix.unknown,
    }))];
    for (number, notice) in matrix.notices.iter().enumerate().filter(|(_, notice)| notice.text != matrix.reason) {
        let verdict = match notice.kind.as_str() {
            "error" => whole,
            "warning" => Verdict::Warn,
            _ => Verdict::Pass,
        };
        findings.push(Finding::new(format!("notice:{}", number + 1), verdict, format!("the broker: {}", notice.text)));
    }
    findings
}

#[cfg(test)]
mod tests;
