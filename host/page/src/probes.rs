//! What checks and smoke tests said: the verdict, what was found, the evidence, and what to do about it.

use maud::{Markup, html};
use windlass_api::facts::ProbeFact;
use windlass_domain::{Finding, Verdict};

use super::badge::{Tone, badge, verdict};
use super::{failure, text, time};

/// The most checks, and the most findings of one.
const MOST: usize = 100;

/// A section about all of a kind.
pub(crate) fn section(heading: &str, probes: &[ProbeFact]) -> Markup {
    let (shown, more) = text::some(probes, MOST);
    html! {
        @if !shown.is_empty() {
            section {
                h2 { (heading) }
                @for (number, probe) in shown.iter().enumerate() { (self::probe(&format!("{heading}-{number}"), probe)) }
                (text::more(more, "check"))
            }
        }
    }
}

fn probe(id: &str, probe: &ProbeFact) -> Markup {
    let (word, summary, passed) = match (&probe.report, &probe.failure) {
        (Some(report), _) => (verdict(report.verdict), report.summary.as_str(), report.verdict == Verdict::Pass),
        (None, Some(failure)) => (badge(Tone::Bad, "error"), failure.message.as_str(), false),
        (None, None) => (badge(Tone::Plain, "not asked"), "it was not asked to the end", true),
    };
    let findings = probe.report.as_ref().map(|report| report.findings.as_slice()).unwrap_or_default();
    let (shown, more) = text::some(findings, MOST);
    let head = html! {
        (word) " " strong { (text::line(&probe.name)) } " " (text::prose(summary))
        @if probe.took.is_some() { " " span.dim { (time::took(probe.took)) } }
    };
    html! {
        @if shown.is_empty() && probe.failure.as_ref().is_none_or(|failure| failure.details.is_none()) {
            p.probe { (head) }
        } @else {
            details.probe #(id) open[!passed] {
                summary { (head) }
                ul {
                    @for finding in shown { li { (self::finding(finding)) } }
                }
                (text::more(more, "finding"))
                @if let Some(failure) = &probe.failure { (failure::details(failure)) }
            }
        }
    }
}

fn finding(finding: &Finding) -> Markup {
    html! {
        (verdict(finding.verdict)) " " (text::prose(&finding.title))
        @if let Some(evidence) = &finding.evidence { (failure::evidence(evidence)) }
        @if let Some(remedy) = &finding.remedy { (failure::hint("remedy", remedy)) }
    }
}
