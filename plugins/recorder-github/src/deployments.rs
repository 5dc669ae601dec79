//! A deployment of GitHub's with its status. What is there already is not written again.
//!
//! Of one application on one host one deployment is active. GitHub sees to that by itself only outside production, and
//! would take what runs on other hosts, and of other applications, for earlier as well: so it is told not to.

use windlass_github::{Client, encode};
use windlass_sdk::prelude::*;

/// How many pages of earlier deployments are looked through.
const PAGES: usize = 3;

/// How many earlier deployments are asked for their status.
const EARLIER: usize = 100;

/// The longest description that GitHub takes, in characters.
const DESCRIPTION: usize = 140;

/// The state of a deployment that runs.
const SUCCESS: &str = "success";

/// The state of one that runs no longer, or never did.
const INACTIVE: &str = "inactive";

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
        set(client, event, id, state, &description)?;
    }
    if state == SUCCESS {
        retire(client, event, id)?;
    }
    Ok(json!({ "id": id, "state": state }))
}

fn set(client: &Client<'_>, event: &Event, id: u64, state: &str, description: &str) -> Result<()> {
    let body = json!({
        "state": state, "description": description, "environment": event.environment, "auto_inactive": false,
    });
    client.post(&format!("/deployments/{id}/statuses"), &body)?.ok_or_else(|| gone("the deployment")).map(drop)
}

/// Says of the earlier deployments of this application on this host that they are no longer active. Each success did so
/// with those before it: the first that is found so ends the search. The oldest is told first, so that what is cut short
/// is taken up again.
fn retire(client: &Client<'_>, event: &Event, now: u64) -> Result<()> {
    let path = format!("/deployments?environment={}&per_page=100", encode(&event.environment));
    let known = client.pages(&path, None, PAGES)?.map(|pages| pages.items).unwrap_or_default();
    let is_ours = |payload: &Value| {
        let is = |name: &str, value: &str| payload.get(name).and_then(Value::as_str) == Some(value);
        is("application", &event.application) && is("host", &event.host)
    };
    let ours = known.iter().filter(|known| payload(known).is_some_and(|payload| is_ours(&payload)));
    let earlier = ours.filter_map(|known| known.get("id")?.as_u64()).filter(|id| *id < now);
    let mut active = Vec::new();
    for id in earlier.take(EARLIER) {
        let path = format!("/deployments/{id}/statuses?per_page=100");
        let statuses = client.list(&path, None)?.unwrap_or_default();
        let is = |status: &Value, state: &str| status.get("state").and_then(Value::as_str) == Some(state);
        match statuses.first() {
            Some(newest) if is(newest, SUCCESS) => active.push(id),
            Some(newest) if is(newest, INACTIVE) && statuses.iter().any(|status| is(status, SUCCESS)) => break,
            _ => {}
        }
    }
    let description = cut(&format!("{} {} runs now", event.application, event.release.version));
    active.into_iter().rev().try_for_each(|id| set(client, event, id, INACTIVE, &description))
}

/// What Windlass wrote into a deployment; none for a deployment that another user or program made.
fn payload(deployment: &Value) -> Option<Value> {
    // GitHub gives an object back as it was sent, or as its text.
    let payload = deployment.get("payload").cloned().unwrap_or_default();
    let payload = payload.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(payload);
    payload.get("windlass").cloned()
}

fn find(client: &Client<'_>, reference: &str, event: &Event) -> Result<Option<u64>> {
    let (reference, environment) = (encode(reference), encode(&event.environment));
    let path = format!("/deployments?ref={reference}&environment={environment}&per_page=100");
    let known = client.pages(&path, None, PAGES)?.map(|pages| pages.items).unwrap_or_default();
    let ours = known.iter().find(|known| {
        let payload = payload(known).unwrap_or_default();
        payload.get("deployment").and_then(Value::as_str) == Some(&event.deployment)
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
    let back = event.running.as_ref().map_or("nothing", |running| running.version.as_str());
    let (state, words) = match event.outcome {
        Outcome::RolledBack if event.cancelled => (INACTIVE, format!("cancelled, {back} runs{why}")),
        Outcome::RolledBack => ("failure", format!("rolled back, {back} runs{why}")),
        Outcome::Stuck | Outcome::Refused => ("error", format!("stuck{why}")),
        Outcome::Succeeded | Outcome::Unchanged if event.rollback => (SUCCESS, format!("went back to it{why}")),
        Outcome::Succeeded | Outcome::Unchanged => (SUCCESS, "succeeded".to_owned()),
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
