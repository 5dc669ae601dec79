//! What is shown: the index, environments, pacticipants, versions, records, webhooks, and their links.

use serde_json::{Value, json};

use crate::answer::encode;
use crate::state::{Recorded, State};

const TIME: &str = "2026-01-01T00:00:00+00:00";

/// An address below the base.
pub(crate) fn link(state: &State, segments: &[&str]) -> String {
    let encoded: Vec<String> = segments.iter().map(|segment| encode(segment)).collect();
    format!("{}/{}", state.base, encoded.join("/"))
}

pub(crate) fn pacticipant_link(state: &State, name: &str) -> String {
    link(state, &["pacticipants", name])
}

pub(crate) fn version_link(state: &State, name: &str, version: &str) -> String {
    link(state, &["pacticipants", name, "versions", version])
}

/// The index, with the links that a release agent uses.
pub(crate) fn index(state: &State) -> Value {
    let base = &state.base;
    let plain = |path: &str| json!({ "href": format!("{base}{path}"), "title": "A link", "templated": false });
    let template = |path: &str| json!({ "href": format!("{base}{path}"), "title": "A template", "templated": true });
    json!({ "_links": {
        "self": plain(""),
        "pb:environments": plain("/environments"),
        "pb:environment": template("/environments/{uuid}"),
        "pb:pacticipants": plain("/pacticipants"),
        "pb:pacticipant": template("/pacticipants/{pacticipant}"),
        "pb:pacticipant-version": template("/pacticipants/{pacticipant}/versions/{version}"),
        "pb:webhooks": plain("/webhooks"),
        "pb:webhook": template("/webhooks/{uuid}"),
        "pb:can-i-deploy-pacticipant-version-to-environment":
            template("/can-i-deploy?pacticipant={pacticipant}&version={version}&environment={environment}"),
        "pb:can-i-deploy-pacticipant-version-to-tag":
            template("/can-i-deploy?pacticipant={pacticipant}&version={version}&to={tag}"),
    } })
}

/// An environment.
pub(crate) fn environment(state: &State, name: &str) -> Value {
    let uuid = state.environment_id(name).unwrap_or_default();
    let titled = |segments: &[&str]| json!({ "title": "A list", "href": link(state, segments) });
    json!({
        "uuid": uuid, "name": name, "displayName": name, "production": name == "production", "createdAt": TIME,
        "_links": {
            "self": environment_link(state, name),
            "pb:currently-deployed-deployed-versions":
                titled(&["environments", uuid, "deployed-versions", "currently-deployed"]),
            "pb:currently-supported-released-versions":
                titled(&["environments", uuid, "released-versions", "currently-supported"]),
            "pb:environments": titled(&["environments"]),
        },
    })
}

fn environment_link(state: &State, name: &str) -> Value {
    let uuid = state.environment_id(name).unwrap_or_default();
    json!({ "title": "An environment", "name": name, "href": link(state, &["environments", uuid]) })
}

/// The list of environments, of one name where one is asked for.
pub(crate) fn environments(state: &State, name: Option<&str>) -> Value {
    let shown: Vec<&str> = state
        .environments
        .iter()
        .map(|(known, _)| known.as_str())
        .filter(|known| name.is_none_or(|name| name == *known))
        .collect();
    json!({
        "_embedded": { "environments": shown.iter().map(|name| environment(state, name)).collect::<Vec<_>>() },
        "_links": {
            "self": { "title": "The list", "href": link(state, &["environments"]) },
            "pb:environments": shown.iter().map(|name| environment_link(state, name)).collect::<Vec<_>>(),
        },
    })
}

/// A pacticipant.
pub(crate) fn pacticipant(state: &State, name: &str) -> Value {
    json!({
        "name": name, "createdAt": TIME, "updatedAt": TIME, "_embedded": { "labels": [] },
        "_links": { "self": { "href": pacticipant_link(state, name) } },
    })
}

/// A version, with what may be recorded of it.
pub(crate) fn version(state: &State, name: &str, number: &str) -> Value {
    let record = |kind: &str| -> Vec<Value> {
        let each = |(environment, uuid): &(String, String)| {
            let segments = ["pacticipants", name, "versions", number, kind, "environment", uuid];
            json!({ "title": "Record it", "name": environment, "href": link(state, &segments) })
        };
        state.environments.iter().map(each).collect()
    };
    json!({
        "number": number, "createdAt": TIME,
        "_embedded": { "branchVersions": [], "tags": [] },
        "_links": {
            "self": { "title": "The version", "name": number, "href": version_link(state, name, number) },
            "pb:pacticipant": { "title": "Whose", "name": name, "href": pacticipant_link(state, name) },
            "pb:pact-versions": [],
            "pb:deployed-environments": [],
            "pb:released-environments": [],
            "pb:record-deployment": record("deployed-versions"),
            "pb:record-release": record("released-versions"),
            "curies": [{ "name": "pb", "href": format!("{}/doc/{{rel}}?context=version", state.base), "templated": true }],
        },
    })
}

/// What a list of records is called, and its word for being live.
pub(crate) fn words(kind: &str) -> (&'static str, &'static str) {
    if kind == "deployed-versions" {
        ("deployedVersions", "currentlyDeployed")
    } else {
        ("releasedVersions", "currentlySupported")
    }
}

/// A record, on its own or in a list of its environment.
pub(crate) fn recorded(state: &State, kind: &str, record: &Recorded, listed: bool) -> Value {
    let (_, live) = words(kind);
    let version = json!({
        "number": record.version,
        "_links": { "self": {
            "title": "The version", "name": record.version,
            "href": version_link(state, &record.pacticipant, &record.version),
        } },
    });
    let mut embedded = json!({
        "pacticipant": {
            "name": record.pacticipant,
            "_links": { "self": { "href": pacticipant_link(state, &record.pacticipant) } },
        },
        "version": version,
    });
    if let Some(fields) = embedded.as_object_mut().filter(|_| !listed) {
        fields.insert("environment".to_owned(), environment(state, &record.environment));
    }
    let mut shown = json!({ "uuid": record.uuid, live: record.live });
    if let Some(fields) = shown.as_object_mut() {
        if let Some(instance) = &record.instance {
            fields.insert("target".to_owned(), json!(instance));
            fields.insert("applicationInstance".to_owned(), json!(instance));
        }
        fields.insert("createdAt".to_owned(), json!(TIME));
        fields.insert("_embedded".to_owned(), embedded);
        fields.insert("_links".to_owned(), json!({ "self": { "href": link(state, &[kind, &record.uuid]) } }));
    }
    shown
}

/// A webhook.
pub(crate) fn webhook(state: &State, id: &str) -> Value {
    let titled = |segments: &[&str]| json!({ "title": "A webhook", "href": link(state, segments) });
    json!({
        "uuid": id, "description": "starts the verification", "enabled": true,
        "_links": { "self": titled(&["webhooks", id]), "pb:execute": titled(&["webhooks", id, "execute"]) },
    })
}
