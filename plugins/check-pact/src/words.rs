//! The line for the operator, and the broker's own words.

use windlass_pact::Matrix;
use windlass_sdk::prelude::*;

use crate::gather::Gathered;
use crate::judge::{Question, rows_of, whole};

/// The line for the operator: what came out, and why.
pub(crate) fn summary(question: &Question<'_>, gathered: &Gathered, findings: &[Finding]) -> String {
    let (named, environment) = (question.named(), question.environment);
    let verdict = whole(findings);
    let first = findings.iter().find(|finding| finding.verdict == verdict);
    let first = first.map(|finding| finding.title.as_str()).unwrap_or_default();
    match verdict {
        Verdict::Pass => format!("{named} may be deployed to {environment}: {}", reason(gathered, findings)),
        Verdict::Warn => format!("{named} may be deployed to {environment}, with a warning: {first}"),
        Verdict::Pending => format!("not known yet for {named} in {environment}: {first}"),
        Verdict::Inconclusive => format!("not answered for {named} in {environment}: {first}"),
        Verdict::Fail => format!("{named} must not be deployed to {environment}: {first}"),
    }
}

/// Why it is a yes.
fn reason(gathered: &Gathered, findings: &[Finding]) -> String {
    let beside = gathered.beside.iter().flat_map(|(staying, matrix)| rows_of(matrix, staying));
    let rows = gathered.release.rows.iter().chain(beside);
    let mut reasons = Vec::new();
    match rows.filter(|row| row.success == Some(true)).count() {
        0 => {}
        1 => reasons.push("1 verification succeeded".to_owned()),
        count => reasons.push(format!("{count} verifications succeeded")),
    }
    for finding in findings {
        if finding.id.starts_with("first:") {
            reasons.push(finding.title.clone());
        } else if finding.id.starts_with("nothing-to-check:") {
            reasons.push(format!("{}, which `nothing-to-check` lets pass", finding.title));
        }
    }
    reasons.join("; ")
}

/// What the broker says, in its words: as bad as the whole where it calls it an error.
pub(crate) fn words(matrix: &Matrix, whole: Verdict) -> Vec<Finding> {
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
