//! Deployments and releases: listed by environment, and recorded for a version.

use serde_json::{Value, json};

use crate::answer::{Answer, Asked};
use crate::resources::{link, recorded, words};
use crate::state::{Recorded, State};

/// What is live in an environment: `GET /environments/ID/deployed-versions/currently-deployed` and its twin.
pub(crate) fn live(asked: &Asked, state: &State, uuid: &str, kind: &str) -> Answer {
    let Some(environment) = state.environment_name(uuid) else { return Answer::nowhere() };
    let all: &[Recorded] = if kind == "deployed-versions" { &state.deployed } else { &state.released };
    let is = |name: &str, value: &str| asked.parameter(name).is_none_or(|wanted| wanted == value);
    let shown = all.iter().filter(|record| {
        record.live
            && record.environment == environment
            && is("pacticipant", &record.pacticipant)
            && is("version", &record.version)
            && is("applicationInstance", record.instance.as_deref().unwrap_or_default())
    });
    let shown: Vec<Value> = shown.rev().map(|record| recorded(state, kind, record, true)).collect();
    let last = if kind == "deployed-versions" { "currently-deployed" } else { "currently-supported" };
    let own = link(state, &["environments", uuid, kind, last]);
    Answer::hal(
        200,
        &json!({
            "_embedded": { words(kind).0: shown },
            "_links": { "self": { "href": own, "title": "What is live" } },
        }),
    )
}

/// `POST /pacticipants/NAME/versions/VERSION/deployed-versions/environment/ID` and its twin.
pub(crate) fn record(asked: &Asked, state: &mut State, name: &str, version: &str, kind: &str, uuid: &str) -> Answer {
    let Some(environment) = state.environment_name(uuid).map(str::to_owned) else { return Answer::nowhere() };
    if !state.has(name, version) {
        return Answer::nowhere();
    }
    // The broker takes no body for an empty one.
    let body: Value = match serde_json::from_slice(&asked.body) {
        Ok(body) => body,
        Err(_) if asked.body.is_empty() => Value::Null,
        Err(_) => return Answer::hal(400, &json!({ "error": "this is no JSON" })),
    };
    let instance = body.get("applicationInstance").or_else(|| body.get("target")).and_then(Value::as_str);
    let made = if kind == "deployed-versions" {
        state.deploy(name, version, &environment, instance)
    } else {
        state.release(name, version, &environment)
    };
    let place = link(state, &[kind, &made.uuid]);
    Answer::hal(201, &recorded(state, kind, &made, false)).with("Location", &place)
}

/// `PATCH /deployed-versions/ID` and its twin: the end of a record, which is final.
pub(crate) fn end(asked: &Asked, state: &mut State, kind: &str, uuid: &str) -> Answer {
    if asked.kind.as_deref() != Some("application/merge-patch+json") {
        return Answer::empty(415).with("Content-Type", "application/hal+json;charset=utf-8");
    }
    let records = if kind == "deployed-versions" { &mut state.deployed } else { &mut state.released };
    let Some(record) = records.iter_mut().find(|record| record.uuid == uuid) else { return Answer::nowhere() };
    let (_, live) = words(kind);
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    if body.get(live).and_then(Value::as_bool) != Some(false) {
        return Answer::hal(422, &json!({ "errors": { live: ["it can only be ended"] } }));
    }
    record.live = false;
    let ended = record.clone();
    Answer::hal(200, &recorded(state, kind, &ended, false))
}
