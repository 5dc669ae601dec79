//! From the question to the report: what the broker says, what it means, and its webhook.

use windlass_pact::{Client, Environment, Resource};
use windlass_sdk::prelude::*;

use crate::gather::{Gathered, Unknown, gather};
use crate::judge::{self, Question};
use crate::{webhook, words};

/// The report. `first` is whether nothing was asked before for this deployment.
pub(crate) fn ask(client: &Client<'_>, question: &Question<'_>, first: bool) -> Result<Report> {
    let index = client.index()?;
    let mut gathered = match gather(client, &index, question)? {
        Ok(gathered) => gathered,
        Err(Unknown::Environment(known)) => return Ok(nowhere(question, &known)),
        Err(Unknown::Question(reasons)) => return Ok(refused(client, &index, question, &reasons)),
    };
    let mut findings = unknown_versions(client, &index, question, &gathered);
    findings.extend(judge::judge(question, &gathered));
    if let Some(error) = gathered.unasked.take() {
        let known = judge::whole(&findings);
        // How long the broker wants to be left alone reaches the host in an error only.
        let must_wait = error.details().is_some_and(|details| details.get("retry-after").is_some());
        match (known, error.code()) {
            (Verdict::Pending, _) if must_wait => return Err(error),
            (Verdict::Fail | Verdict::Pending, _) => findings.push(unasked(&error, Verdict::Warn)),
            (_, "timeout") => findings.push(unasked(&error, Verdict::Pending)),
            _ => return Err(error),
        }
    }
    let verdict = judge::whole(&findings);
    findings.extend(words::words(&gathered.release, verdict));
    let (verdict, summary) = (judge::whole(&findings), words::summary(question, &gathered, &findings));
    if let Some(id) = question.config.webhook.as_deref().filter(|_| first && verdict == Verdict::Pending) {
        findings.push(webhook::send(client, &index, question, &gathered, id));
    }
    Ok(Report { verdict, summary, findings, data: Some(data(question, &gathered)) })
}

fn data(question: &Question<'_>, gathered: &Gathered) -> Value {
    let pacticipants = question.pacticipants.iter();
    let beside: Vec<Value> = gathered
        .beside
        .iter()
        .map(|(staying, matrix)| {
            json!({ "name": staying.name, "version": staying.version, "deployable": matrix.deployable })
        })
        .collect();
    json!({
        "broker": question.config.broker.url,
        "environment": question.environment,
        "instance": question.config.instance,
        "pacticipants": pacticipants.map(|one| json!({ "name": one.name, "version": one.version })).collect::<Vec<_>>(),
        "deployable": gathered.release.deployable,
        "beside": beside,
    })
}

/// The broker has no such environment.
fn nowhere(question: &Question<'_>, known: &[String]) -> Report {
    let (title, remedy) = Environment::unknown(question.environment, known);
    Report::of(vec![Finding::new("environment", Verdict::Fail, title.clone()).remedy(remedy)], title)
}

/// The broker refuses the question: mostly because it does not know whom it is about.
fn refused(client: &Client<'_>, index: &Resource, question: &Question<'_>, reasons: &[String]) -> Report {
    let known = client.pacticipants(index).unwrap_or_default();
    let strangers = question.pacticipants.iter().filter(|one| !known.is_empty() && !known.contains(&one.name));
    let mut findings: Vec<Finding> = strangers
        .map(|one| {
            let (title, remedy) = one.unknown(&known);
            Finding::new(format!("pacticipant:{}", one.name), Verdict::Fail, title).remedy(remedy)
        })
        .collect();
    if findings.is_empty() {
        let remedy = "correct `pacticipants`, `version` and `environment`, or let the builds publish first";
        findings.extend(reasons.iter().map(|reason| {
            Finding::new("question", Verdict::Fail, format!("the broker refuses the question: {reason}")).remedy(remedy)
        }));
    }
    let titles: Vec<&str> = findings.iter().map(|finding| finding.title.as_str()).collect();
    let summary = format!("{} cannot be checked: {}", question.named(), titles.join("; "));
    let mut report = Report::of(findings, summary);
    report.verdict = Verdict::Fail;
    report
}

/// A flat no without a row means that the broker lacks a version; which one it is stands only in its prose.
fn unknown_versions(
    client: &Client<'_>,
    index: &Resource,
    question: &Question<'_>,
    gathered: &Gathered,
) -> Vec<Finding> {
    if gathered.release.deployable != Some(false) || !gathered.release.rows.is_empty() {
        return Vec::new();
    }
    let lacks = question.pacticipants.iter().filter(|one| matches!(client.knows(index, one), Ok(false)));
    lacks
        .map(|one| {
            let title = format!("the broker knows no version {} of `{}`", one.version, one.name);
            Finding::new(format!("version:{}", one.name), Verdict::Fail, title).remedy(format!(
                "let the build of {} publish its contracts or its version to this broker; where versions are called \
                 otherwise there, correct `version`",
                one.version
            ))
        })
        .collect()
}

fn unasked(error: &Error, verdict: Verdict) -> Finding {
    Finding::new("unasked", verdict, format!("not everything was asked: {error}"))
        .remedy("the check is asked again until its `deadline`; give it a longer one when this comes again")
}
