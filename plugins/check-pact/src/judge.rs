//! What a broker's answers mean for a release. Makes no requests.
//!
//! Stricter than the broker and its command-line clients, which say yes when one of several live versions of a provider
//! never verified the contract, when a version that stays live as another instance breaks, and when there was nothing to
//! verify, and which wait for an unknown where something else has failed already. A yes needs both: the broker's own in
//! each of its answers, and a verification that succeeded for each pair that is going to be live together.

use std::collections::BTreeSet;

use windlass_pact::{Matrix, Pacticipant, Row, Staying};
use windlass_sdk::prelude::*;

use crate::config::Config;
use crate::gather::Gathered;
use crate::nothing;

/// What is asked.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub(crate) config: &'a Config,
    pub(crate) pacticipants: &'a [Pacticipant],
    pub(crate) environment: &'a str,
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

/// Everything that the answers show, and what is live in the environment shows of them.
pub(crate) fn judge(question: &Question<'_>, gathered: &Gathered) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        gathered.release.rows.iter().map(|row| question.row(row, gathered, None)).collect();
    findings.extend(question.unverified(gathered));
    findings.extend(question.conclusion(&gathered.release, None, &findings));
    for (staying, matrix) in &gathered.beside {
        let rows = rows_of(matrix, staying);
        let mut more: Vec<Finding> = rows.map(|row| question.row(row, gathered, Some(staying))).collect();
        // Rows between versions of the release are judged above; what the broker concludes here includes them.
        let all = [findings.as_slice(), more.as_slice()].concat();
        more.extend(question.conclusion(matrix, Some(staying), &all));
        findings.extend(more);
    }
    findings.extend(nothing::nothing(question, gathered));
    if gathered.changed {
        let title = format!("what is live in {} changed while the broker was asked", question.environment);
        findings.push(Finding::new("changed", Verdict::Pending, title).remedy("it is asked again by itself"));
    }
    findings
}

/// The rows about a version that stays.
pub(crate) fn rows_of<'a>(matrix: &'a Matrix, staying: &'a Staying) -> impl Iterator<Item = &'a Row> {
    matrix.rows.iter().filter(|row| row.consumer == staying.name || row.provider == staying.name)
}

impl Question<'_> {
    /// What an unknown is: waited for, or a no when the configuration says not to wait (`retry = false`).
    pub(crate) fn unknown(&self) -> Verdict {
        if self.config.retry { Verdict::Pending } else { Verdict::Fail }
    }

    /// Whether a name is asked about, in the version that is asked about.
    pub(crate) fn asks(&self, name: &str) -> Option<&Pacticipant> {
        self.pacticipants.iter().find(|pacticipant| pacticipant.name == name)
    }

    /// All pacticipants that the question is about, with versions.
    pub(crate) fn named(&self) -> String {
        self.pacticipants.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
    }

    fn row(&self, row: &Row, gathered: &Gathered, staying: Option<&Staying>) -> Finding {
        let environment = self.environment;
        let version = |version: &Option<String>| version.as_deref().map(|text| format!(" {text}")).unwrap_or_default();
        let stays = staying.filter(|staying| row.provider == staying.name);
        // The broker names no version of a provider that has verified nothing; which one was meant is known here.
        let known = || match stays {
            Some(staying) => Some(staying.version.clone()),
            None => self.asks(&row.provider).map(|asked| asked.version.clone()),
        };
        let known = row.provider_version.clone().or_else(known);
        let consumer = format!("{}{}", row.consumer, version(&row.consumer_version));
        // Where nothing of a provider has verified a contract, every version of it that is live has to.
        let versions =
            known.clone().unwrap_or_else(|| gathered.live.versions(&row.provider).collect::<Vec<_>>().join(" and "));
        let provider = format!("{} {versions}", row.provider).trim_end().to_owned();
        let beside = staying.map(|staying| format!(" ({})", self.beside(staying))).unwrap_or_default();
        let place = |link: &Option<String>| link.as_deref().map(|link| format!(": {link}")).unwrap_or_default();
        let id = format!("pact:{consumer}/{provider}");
        // The question did not tell the broker to ignore anything, so a row that the broker ignores counts as well.
        let ignored = if row.ignored { ", which the broker passes over" } else { "" };
        let finding = match row.success {
            Some(true) => {
                let title = format!("{provider} verified the contract of {consumer}{beside}{}", place(&row.result));
                Finding::new(id, Verdict::Pass, title)
            }
            Some(false) => {
                let title =
                    format!("{provider} broke the contract of {consumer}{beside}{ignored}{}", place(&row.result));
                let remedy = match staying {
                    Some(staying) => format!(
                        "read the verification's result; deploy a version that keeps the contract, or bring {} up to \
                         date or down where it runs",
                        staying.name
                    ),
                    None => "read the verification's result; deploy a version that keeps the contract".to_owned(),
                };
                Finding::new(id, Verdict::Fail, title).remedy(remedy)
            }
            None if known.is_none() && gathered.live.lacks(&row.provider) => {
                let name = &row.provider;
                let title = format!(
                    "{consumer} needs {name}, of which nothing is recorded in {environment}{}",
                    place(&row.pact)
                );
                Finding::new(id, Verdict::Fail, title).remedy(format!(
                    "no verification changes that: deploy {name} to {environment} first (its check passes as long as \
                     none of its consumers is live there), deploy both in one release, or record there what runs"
                ))
            }
            None => {
                let title = format!(
                    "no verification of the contract of {consumer} by {provider} is known{beside}{ignored}{}",
                    place(&row.pact)
                );
                Finding::new(id, self.unknown(), title)
                    .remedy(format!("have the build of {provider} verify it and publish the result"))
            }
        };
        finding.evidence(json!({ "pact": row.pact, "result": row.result, "success": row.success }))
    }

    /// How a version stays, as a fragment.
    fn beside(&self, staying: &Staying) -> String {
        let places: Vec<String> = staying.places.iter().map(ToString::to_string).collect();
        format!("{staying} stays live in {} {}", self.environment, places.join(" and "))
    }

    /// Live versions of providers that have said nothing about a contract, which the broker leaves out as soon as
    /// another live version has.
    fn unverified(&self, gathered: &Gathered) -> Vec<Finding> {
        let matrix = &gathered.release;
        let mine = |row: &&Row| {
            self.asks(&row.consumer).is_some_and(|asked| row.consumer_version.as_deref() == Some(&asked.version))
                && self.asks(&row.provider).is_none()
        };
        let rows = || matrix.rows.iter().filter(mine);
        let pairs: BTreeSet<(&str, &str)> = rows().map(|row| (row.consumer.as_str(), row.provider.as_str())).collect();
        let mut findings = Vec::new();
        for (consumer, provider) in pairs {
            let of: Vec<&Row> = rows().filter(|row| row.consumer == consumer && row.provider == provider).collect();
            // One row without a version says that none of them has: that is waited for already.
            if of.iter().all(|row| row.success.is_none()) {
                continue;
            }
            let Some(consumer) = self.asks(consumer) else { continue };
            for version in gathered.live.versions(provider) {
                let says = |row: &&Row| row.provider_version.as_deref() == Some(version) && row.success.is_some();
                if of.iter().any(says) {
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
                    Finding::new(format!("live:{provider} {version}/{}", consumer.name), self.unknown(), title)
                        .remedy(remedy),
                );
            }
        }
        findings
    }

    /// What the broker concludes beyond its rows.
    fn conclusion(&self, matrix: &Matrix, staying: Option<&Staying>, findings: &[Finding]) -> Vec<Finding> {
        let verdict = whole(findings);
        let (id, about) = match staying {
            Some(staying) => (format!(":{staying}"), format!(" beside {staying}")),
            None => (String::new(), String::new()),
        };
        let mut more = Vec::new();
        if matrix.failed > 0 && verdict != Verdict::Fail {
            let title =
                format!("the broker counts {} failed verifications{about} that it does not list", matrix.failed);
            more.push(Finding::new(format!("failed{id}"), Verdict::Fail, title));
        } else if matrix.deployable == Some(false) && verdict != Verdict::Fail {
            let title = format!("the broker says no{about}: {}", matrix.reason);
            more.push(
                Finding::new(format!("deployable{id}"), Verdict::Fail, title)
                    .remedy("has the build of this version published its contracts to this broker?"),
            );
        } else if matrix.deployable.is_none() && !matches!(verdict, Verdict::Fail | Verdict::Pending) {
            let title = format!("the broker does not know{about}: {}", matrix.reason);
            more.push(Finding::new(format!("deployable{id}"), self.unknown(), title));
        }
        if matrix.may_be_cut {
            let title = format!("the broker lists {} verifications{about} and may know more", matrix.rows.len());
            more.push(
                Finding::new(format!("cut{id}"), Verdict::Inconclusive, title).remedy(
                    "a yes needs all of them: record what is live no more as undeployed, so that there are fewer",
                ),
            );
        }
        more
    }
}

#[cfg(test)]
mod tests;
