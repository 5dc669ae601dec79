//! Asks the broker and has its webhook sent.

use windlass_pact::{Client, Environment, Pacticipant, Resource};
use windlass_sdk::prelude::*;

use crate::config::Config;
use crate::judge::{self, Question};

/// The report about pacticipants in an environment of the broker.
pub(crate) fn ask(
    context: &Context<'_>,
    config: &Config,
    pacticipants: &[Pacticipant],
    environment: &str,
) -> Result<Report> {
    let client = Client::new(&config.broker, context.remaining())?;
    let index = client.index()?;
    let place = match client.environment(&index, environment)? {
        Ok(place) => place,
        Err(known) => {
            let (title, remedy) = Environment::unknown(environment, &known);
            return Ok(Report::of(
                vec![Finding::new("environment", Verdict::Fail, title.clone()).remedy(remedy)],
                title,
            ));
        }
    };
    let live = client.live(&place)?;
    let matrix = match client.matrix(&index, pacticipants, environment)? {
        Ok(matrix) => matrix,
        Err(reasons) => return Ok(refused(pacticipants, &reasons)),
    };
    let unknown = if config.retry { Verdict::Pending } else { Verdict::Fail };
    let question = Question { pacticipants, environment, nothing_to_check: config.nothing_to_check, unknown };
    let mut findings = judge::judge(&question, &matrix, &live);
    let (verdict, summary) = (judge::whole(&findings), judge::summary(&question, &matrix, &findings));
    if let Some(webhook) = config.webhook.as_deref().filter(|_| context.attempt() == 1 && verdict == Verdict::Pending) {
        findings.push(send(&client, &index, webhook));
    }
    let data = json!({
        "broker": config.broker.url,
        "environment": environment,
        "pacticipants": pacticipants.iter().map(|one| json!({ "name": one.name, "version": one.version })).collect::<Vec<_>>(),
        "deployable": matrix.deployable,
    });
    Ok(Report { verdict, summary, findings, data: Some(data) })
}

/// The broker does not know what it is asked about.
fn refused(pacticipants: &[Pacticipant], reasons: &[String]) -> Report {
    let named: Vec<String> = pacticipants.iter().map(|one| format!("`{}`", one.name)).collect();
    let remedy = format!(
        "names are case-sensitive: does the broker have {}? Correct `pacticipants`, or let their builds publish first",
        named.join(", ")
    );
    let finding = |reason: &String| Finding::new("question", Verdict::Fail, reason.clone()).remedy(remedy.clone());
    let summary = format!("the broker cannot say for {}: {}", named.join(", "), reasons.join("; "));
    let mut report = Report::of(reasons.iter().map(finding).collect(), summary);
    report.verdict = Verdict::Fail;
    report
}

/// A webhook that cannot be sent does not change what the broker says.
fn send(client: &Client<'_>, index: &Resource, webhook: &str) -> Finding {
    let id = format!("webhook:{webhook}");
    match client.execute_webhook(index, webhook) {
        Ok(answer) => {
            Finding::new(id, Verdict::Pass, format!("the broker sent its webhook `{webhook}`, which {answer}"))
        }
        Err(error) => {
            let hint = error.details().and_then(|details| details.get("hint")?.as_str()).map(str::to_owned);
            let finding = Finding::new(id, Verdict::Warn, format!("the webhook `{webhook}` was not sent: {error}"));
            match hint {
                Some(hint) => finding.remedy(hint),
                None => finding,
            }
        }
    }
}
