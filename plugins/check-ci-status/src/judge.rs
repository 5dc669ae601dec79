//! What the reports about a commit mean for the release. Makes no requests.

use windlass_sdk::prelude::*;

use crate::config::Wanted;
use crate::signals::{Outcome, Signal};

/// One finding for each report that counts, and for each that is missing.
pub(crate) fn judge(wanted: &Wanted, signals: &[Signal]) -> Vec<Finding> {
    let counted: Vec<&Signal> = signals.iter().filter(|signal| !wanted.ignores(&signal.name)).collect();
    let mut findings: Vec<Finding> = counted.iter().map(|signal| one(wanted, signal)).collect();
    let missing = wanted.required.iter().filter(|name| !counted.iter().any(|signal| signal.name == **name));
    findings.extend(missing.map(|name| {
        finding(wanted, name, Verdict::Pending, format!("`{name}` of {} is not reported yet", wanted.title())).remedy(
            "wait for it; if it never comes, is `required` spelled as GitHub shows it, with upper and lower case?",
        )
    }));
    if findings.is_empty() {
        let passed = if signals.is_empty() { "" } else { " but what `ignore` passes over" };
        let message = format!("nothing is reported about the commit of {}{passed}", wanted.title());
        findings.push(
            finding(wanted, "", Verdict::Inconclusive, message)
                .remedy("name in `required` what must be reported, so that it is waited for"),
        );
    }
    findings
}

fn one(wanted: &Wanted, signal: &Signal) -> Finding {
    let required = wanted.required.contains(&signal.name);
    let link = signal.link.as_ref().map(|link| format!(": {link}")).unwrap_or_default();
    let title = format!("`{}` of {} says {}{link}", signal.name, wanted.title(), signal.word);
    match signal.result {
        Outcome::Nothing if required => {
            let title = format!("{title}; it is required, and this proves nothing");
            finding(wanted, &signal.name, Verdict::Inconclusive, title).remedy("let it run for this commit")
        }
        Outcome::Success | Outcome::Nothing => finding(wanted, &signal.name, Verdict::Pass, title),
        Outcome::Waiting => finding(wanted, &signal.name, Verdict::Pending, title),
        Outcome::Failure => finding(wanted, &signal.name, Verdict::Fail, title)
            .remedy("mend it and release another commit, or run it again if it failed by chance"),
    }
}

fn finding(wanted: &Wanted, signal: &str, verdict: Verdict, title: String) -> Finding {
    let id = if signal.is_empty() { format!("ci:{}", wanted.name) } else { format!("ci:{}:{signal}", wanted.name) };
    Finding::new(id, verdict, title)
}

/// All findings as one answer.
pub(crate) fn report(mut findings: Vec<Finding>) -> Report {
    // What fails first, then what is waited for.
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict.severity()));
    // One failure is enough: nothing that is still running can change it.
    let worst = Verdict::worst(findings.iter().map(|finding| finding.verdict));
    let of = |verdict| findings.iter().filter(move |finding| finding.verdict == verdict);
    let summary = match of(worst).next() {
        Some(_) if worst == Verdict::Pass => format!("all {} reports are good", findings.len()),
        Some(first) => match of(worst).count() {
            1 => first.title.clone(),
            count => format!("{} (and {} more)", first.title, count - 1),
        },
        None => "nothing was asked".to_owned(),
    };
    Report::of(findings, summary)
}
