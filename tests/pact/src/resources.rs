//! What is shown: the index, environments, pacticipants, versions, records, webhooks, and their links.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::answer::encode;
use crate::state::{Pact, Recorded, State};

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
        "pb:integrations": plain("/integrations"),
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

/// The list of pacticipants.
pub(crate) fn pacticipants(state: &State) -> Value {
    let shown: Vec<Value> = state.pacticipants.keys().map(|name| pacticipant(state, name)).collect();
    json!({
        "_embedded": { "pacticipants": shown },
        "_links": { "self": { "href": link(state, &["pacticipants"]) } },
    })
}

/// The list of those who have contracts with each other, in the form that the broker's source gives it; no answer of a
/// real one was seen.
pub(crate) fn integrations(state: &State) -> Value {
    let pairs: BTreeSet<(&str, &str)> =
        state.pacts.iter().map(|pact| (pact.consumer.as_str(), pact.provider.as_str())).collect();
    let shown: Vec<Value> = pairs
        .into_iter()
        .map(|(consumer, provider)| {
            json!({
                "consumer": { "name": consumer }, "provider": { "name": provider }, "verificationStatus": "success",
                "_links": { "pb:group": { "href": link(state, &["groups", consumer]) } },
            })
        })
        .collect();
    json!({
        "_embedded": { "integrations": shown },
        "_links": { "self": { "title": "The list", "href": link(state, &["integrations"]) } },
    })
}

/// The contract of a consumer's version.
pub(crate) fn pact(state: &State, consumer: &str, version: &str, provider: &str) -> Option<Value> {
    let is = |pact: &&Pact| {
        (pact.consumer.as_str(), pact.version.as_str(), pact.provider.as_str()) == (consumer, version, provider)
    };
    let content = &state.pacts.iter().find(is)?.content;
    let place = ["pacts", "provider", provider, "consumer", consumer];
    let at = |rest: &[&str]| link(state, &[&place[..], rest].concat());
    Some(json!({
        "consumer": { "name": consumer }, "provider": { "name": provider }, "interactions": [], "createdAt": TIME,
        "_links": {
            "self": { "title": "The contract", "name": version, "href": at(&["version", version]) },
            "pb:pact-version": { "title": "Its content", "name": content, "href": at(&["pact-version", content]) },
        },
    }))
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
        if !record.live {
            let ended = if kind == "deployed-versions" { "undeployedAt" } else { "supportEndedAt" };
            fields.insert(ended.to_owned(), json!(TIME));
        }
        fields.insert("_embedded".to_owned(), embedded);
        fields.insert("_links".to_owned(), json!({ "self": { "href": link(state, &[kind, &record.uuid]) } }));
    }
    shown
}

/// A webhook.
pub(crate) fn webhook(state: &State, id: &str) -> Value {
    let titled = |segments: &[&str]| json!({ "title": "A webhook", "href": link(state, segments) });
    let mut shown = json!({
        "uuid": id, "description": "starts the verification", "enabled": true,
        "_links": { "self": titled(&["webhooks", id]), "pb:execute": titled(&["webhooks", id, "execute"]) },
    });
    if let (Some((consumer, provider)), Some(fields)) = (state.webhook_sides.get(id), shown.as_object_mut()) {
        for (side, name) in [("consumer", consumer), ("provider", provider)] {
            if let Some(name) = name {
                fields.insert(side.to_owned(), json!({ "name": name }));
            }
        }
    }
    shown
}

/// What a webhook sends on demand: the newest contract between its sides, whichever version a check waits for, and no
/// version of the provider.
pub(crate) fn sent(state: &State, id: &str) -> Value {
    let sides = state.webhook_sides.get(id).cloned().unwrap_or_default();
    let is = |name: &Option<String>, found: &str| name.as_deref().is_none_or(|name| name == found);
    let newest = state.pacts.iter().rfind(|pact| is(&sides.0, &pact.consumer) && is(&sides.1, &pact.provider));
    let Some(Pact { consumer, version, provider, content }) = newest.filter(|_| !state.webhooks_say_nothing) else {
        return json!({ "event": "test" });
    };
    let metadata = STANDARD.encode(format!("cvn={}&w=true", encode(version)));
    let place = ["pacts", "provider", provider, "consumer", consumer, "pact-version", content, "metadata", &metadata];
    json!({
        "event": "test", "pactUrl": link(state, &place), "consumer": consumer, "consumerVersion": version,
        "provider": provider, "providerVersion": "",
    })
}
