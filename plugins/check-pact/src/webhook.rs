//! Has a webhook of the broker sent for what is waited for, and says for which contract it really was.

use std::collections::BTreeSet;

use windlass_pact::{Client, Resource, Row, Sent, Subject};
use windlass_sdk::prelude::*;

use crate::gather::Gathered;
use crate::judge::{Question, rows_of};

/// A contract that waits for its verification.
#[derive(Debug, PartialEq, Eq)]
struct Waiting<'a> {
    consumer: &'a str,
    version: &'a str,
    provider: &'a str,
    pact: Option<&'a str>,
    /// Versions of the provider that have to verify it.
    verifiers: BTreeSet<&'a str>,
}

/// Sends it. A webhook that cannot be sent does not change what the broker says.
pub(crate) fn send(
    client: &Client<'_>,
    index: &Resource,
    question: &Question<'_>,
    gathered: &Gathered,
    id: &str,
) -> Finding {
    let place = format!("webhook:{id}");
    match try_send(client, index, &waiting(question, gathered), id) {
        Ok((verdict, title, remedy)) => {
            let finding = Finding::new(place, verdict, title);
            if verdict == Verdict::Pass { finding } else { finding.remedy(remedy) }
        }
        Err(error) => {
            let hint = error.advice().map(str::to_owned);
            let finding = Finding::new(place, Verdict::Warn, format!("the webhook `{id}` was not sent: {error}"));
            match hint {
                Some(hint) => finding.remedy(hint),
                None => finding,
            }
        }
    }
}

/// What to do where the broker sends the webhook for something else.
const NEWEST: &str = "the broker sends a webhook on demand for the newest contract only: have the contract that waits \
                      verified by the provider's build, and subscribe the webhook to \
                      `contract_requiring_verification_published`, which the broker sends for every contract as it is published";

fn try_send(
    client: &Client<'_>,
    index: &Resource,
    waiting: &[Waiting<'_>],
    id: &str,
) -> Result<(Verdict, String, &'static str)> {
    let webhook = client.webhook(index, id)?;
    let mine: Vec<&Waiting<'_>> = waiting.iter().filter(|one| webhook.is_for(one.consumer, one.provider)).collect();
    if mine.is_empty() {
        let title = format!("the webhook `{id}` was not sent: it is for other contracts than those that wait");
        return Ok((Verdict::Warn, title, "name the webhook of the provider that has to verify in `webhook`"));
    }
    let sent = client.execute(&webhook)?;
    let (mut same, mut others, mut unsaid) = (Vec::new(), Vec::new(), Vec::new());
    for one in mine {
        let contract = format!("{} {} with {}{}", one.consumer, one.version, one.provider, verifiers(one, &sent));
        match subject(client, one, &sent) {
            Subject::Same => same.push(contract),
            Subject::Unsaid => unsaid.push(contract),
            Subject::Another { version, .. } => {
                let newest =
                    version.map_or_else(|| "another content".to_owned(), |version| format!("version {version}"));
                others.push(format!("{newest} of {}, and not for that of {contract}", one.consumer));
            }
        }
    }
    let begin = format!("the broker sent its webhook `{id}`, which {},", sent.answer);
    Ok(if let Some(other) = others.first() {
        (Verdict::Warn, format!("{begin} for the newest contract, that of {other}"), NEWEST)
    } else if same.is_empty() {
        let unsaid = unsaid.join(", ");
        let title = format!("{begin} with a request that names no contract: nothing says that it is for {unsaid}");
        (
            Verdict::Warn,
            title,
            "put `${pactbroker.pactUrl}` into the webhook's body; the broker fills it with the newest contract",
        )
    } else {
        (Verdict::Pass, format!("{begin} for the contract of {}", same.join(", ")), NEWEST)
    })
}

/// The broker names no version of the provider when it sends a webhook on demand.
fn verifiers(one: &Waiting<'_>, sent: &Sent) -> String {
    let unsaid: Vec<&str> = one.verifiers.iter().copied().filter(|version| !sent.says(version)).collect();
    if unsaid.is_empty() {
        return String::new();
    }
    format!(" (without saying that version {} has to verify it)", unsaid.join(" and "))
}

/// Versions with the same content are verified together.
fn subject(client: &Client<'_>, one: &Waiting<'_>, sent: &Sent) -> Subject {
    let subject = sent.subject(one.consumer, one.version, one.provider);
    if let (Subject::Another { content: Some(content), .. }, Some(pact)) = (&subject, one.pact)
        && matches!(client.content(pact), Ok(Some(own)) if own == *content)
    {
        return Subject::Same;
    }
    subject
}

/// What has no result, once each.
fn waiting<'a>(question: &'a Question<'_>, gathered: &'a Gathered) -> Vec<Waiting<'a>> {
    let mut found: Vec<Waiting<'a>> = Vec::new();
    let mut add = |row: &'a Row, verifiers: Vec<&'a str>| {
        let Some(version) = row.consumer_version.as_deref() else { return };
        let (consumer, provider) = (row.consumer.as_str(), row.provider.as_str());
        let same = |one: &&mut Waiting<'a>| (one.consumer, one.version, one.provider) == (consumer, version, provider);
        match found.iter_mut().find(same) {
            Some(known) => known.verifiers.extend(verifiers),
            None => found.push(Waiting {
                consumer,
                version,
                provider,
                pact: row.pact.as_deref(),
                verifiers: verifiers.into_iter().collect(),
            }),
        }
    };
    for row in &gathered.release.rows {
        let silent = |version: &&str| {
            !gathered.release.rows.iter().any(|other| {
                (&other.consumer, &other.consumer_version, &other.provider)
                    == (&row.consumer, &row.consumer_version, &row.provider)
                    && other.provider_version.as_deref() == Some(version)
                    && other.success.is_some()
            })
        };
        let verifiers: Vec<&str> = match question.asks(&row.provider) {
            Some(asked) => vec![asked.version.as_str()],
            None => gathered.live.versions(&row.provider).collect(),
        };
        let verifiers: Vec<&str> = verifiers.into_iter().filter(silent).collect();
        if row.success.is_none() || !verifiers.is_empty() {
            add(row, verifiers);
        }
    }
    for (staying, matrix) in &gathered.beside {
        for row in rows_of(matrix, staying).filter(|row| row.success.is_none()) {
            let stays = row.provider == staying.name;
            let asked = question.asks(&row.provider).filter(|_| !stays).map(|asked| asked.version.as_str());
            add(row, vec![asked.unwrap_or(&staying.version)]);
        }
    }
    found
}
