//! A deployment of GitHub's with its status. What is there already is not written again.

use windlass_github::{Client, encode};
use windlass_sdk::prelude::*;

/// How many pages of earlier deployments are looked through.
const PAGES: usize = 3;

/// The longest description that GitHub takes, in characters.
const DESCRIPTION: usize = 140;

/// Writes the deployment and its status, unless they are there.
pub(crate) fn tell(client: &Client<'_>, tag: &str, event: &Event) -> Result<Value> {
    let reference = event.release.commit.as_deref().unwrap_or(tag);
    let id = match find(client, reference, event)? {
        Some(id) => id,
        None => create(client, reference, event)?,
    };
    let (state, description) = status(event);
    let path = format!("/deployments/{id}/statuses");
    let known = client.list(&format!("{path}?per_page=100"), None)?.unwrap_or_default();
    if !known.iter().any(|known| known.get("state").and_then(Value::as_str) == Some(state)) {
        let body = json!({ "state": state, "description": description, "environment": event.environment });
        client.post(&path, &body)?.ok_or_else(|| gone("the deployment"))?;
    }
    Ok(json!({ "id": id, "state": state }))
}

fn find(client: &Client<'_>, reference: &str, event: &Event) -> Result<Option<u64>> {
    let (reference, environment) = (encode(reference), encode(&event.environment));
    let path = format!("/deployments?ref={reference}&environment={environment}&per_page=100");
    let known = client.pages(&path, None, PAGES)?.map(|pages| pages.items).unwrap_or_default();
    let ours = known.iter().find(|known| {
        // GitHub gives an object back as it was sent, or as its text.
        let payload = known.get("payload").cloned().unwrap_or_default();
        let payload = payload.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(payload);
        payload.pointer("/windlass/deployment").and_then(Value::as_str) == Some(&event.deployment)
    });
    Ok(ours.and_then(|known| known.get("id")?.as_u64()))
}

fn create(client: &Client<'_>, reference: &str, event: &Event) -> Result<u64> {
    let body = json!({
        "ref": reference, "task": "deploy", "auto_merge": false, "environment": event.environment,
        // Whether its statuses are good was a check's business, and the deployment is over.
        "required_contexts": [],
        "description": cut(&format!("{} {}", event.application, event.release.version)),
        "payload": { "windlass": {
            "deployment": event.deployment, "application": event.application, "host": event.host,
            "release": event.release.id,
        } },
    });
    let made = client.post("/deployments", &body).map_err(|error| match error.code() {
        "invalid-argument" => error.hint("push the commit or the tag, then `windlass outbox retry NUMBER`"),
        _ => error,
    })?;
    let id = made.and_then(|made| made.get("id")?.as_u64());
    id.ok_or_else(|| gone("the repository"))
}

fn gone(what: &str) -> Error {
    Error::new("not-found", format!("GitHub has no place for it: {what} is gone"))
}

fn status(event: &Event) -> (&'static str, String) {
    let why = event.failure.as_ref().map(|failure| failure.message.clone()).or_else(|| event.reason.clone());
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    let (state, words) = match event.outcome {
        Outcome::RolledBack => {
            let back = event.running.as_ref().map_or("nothing", |running| running.version.as_str());
            ("failure", format!("rolled back, {back} runs{why}"))
        }
        Outcome::Stuck | Outcome::Refused => ("error", format!("stuck{why}")),
        Outcome::Succeeded | Outcome::Unchanged if event.rollback => ("success", format!("went back to it{why}")),
        Outcome::Succeeded | Outcome::Unchanged => ("success", "succeeded".to_owned()),
    };
    (state, cut(&words))
}

fn cut(text: &str) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().count() <= DESCRIPTION {
        return text;
    }
    text.chars().take(DESCRIPTION - 1).chain(['…']).collect()
}
