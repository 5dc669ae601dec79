//! Which request gets which answer. A new resource is a new arm in [`resource`].

use std::time::Duration;

use serde_json::{Value, json};

use crate::answer::{Answer, Asked};
use crate::state::{Fault, State};
use crate::{matrix, records, resources};

/// The answer to anything.
pub(crate) fn answer(asked: &Asked, state: &mut State) -> Answer {
    state.asked.push(asked.line.clone());
    let once = if asked.method == "GET" { None } else { state.write_faults.pop_front() };
    let fault = once.or(state.fault);
    match fault {
        Some(Fault::Broken) => return Answer::broken(asked),
        Some(Fault::Down) => return Answer::html(502),
        Some(Fault::Html) => return Answer::html(200),
        Some(Fault::Lost) => return Answer::html(404),
        Some(Fault::Limited) => return Answer::empty(429).with("Retry-After", "7"),
        Some(Fault::Half | Fault::Slow) | None => {}
    }
    let mut answer = authorized(asked, state);
    if let Some(place) = state.after.iter().position(|(part, _)| asked.line.contains(part)) {
        let (_, happens) = state.after.remove(place);
        happens(state);
    }
    match fault {
        Some(Fault::Half) => answer.body.truncate(answer.body.len() / 2),
        Some(Fault::Slow) => answer.delay = Duration::from_mins(1),
        _ => {}
    }
    answer
}

fn authorized(asked: &Asked, state: &mut State) -> Answer {
    let token = asked.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "));
    let stranger = || Answer::empty(401).with("Content-Type", "text/plain");
    if !state.tokens.is_empty() {
        return match token {
            Some(token) if state.tokens.contains(token) => resource(asked, state),
            _ => stranger(),
        };
    }
    if state.writer.is_some() {
        if token.is_some() {
            return Answer::empty(400).with("Content-Type", "text/plain");
        }
        let who = asked.basic();
        let may = who.is_some() && (who == state.writer || (who == state.reader && asked.method == "GET"));
        if !may {
            return stranger().with("WWW-Authenticate", "Basic realm=\"Restricted area\"");
        }
    }
    resource(asked, state)
}

fn resource(asked: &Asked, state: &mut State) -> Answer {
    if !asked.is_acceptable() {
        return Answer::empty(406).with("X-Pact-Broker-Version", "2.120.0");
    }
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    let answer = match (asked.method.as_str(), path.as_slice()) {
        ("GET", []) => Answer::hal(200, &resources::index(state)),
        ("GET", ["can-i-deploy"]) => matrix::can_i_deploy(asked, state),
        ("GET", ["matrix"]) => matrix::matrix(asked, state),
        (_, ["matrix" | "can-i-deploy"]) => Answer::empty(405).with("Allow", "GET, OPTIONS"),
        ("GET", ["environments"]) => Answer::hal(200, &resources::environments(state, asked.parameter("name"))),
        ("GET", ["environments", uuid]) => match state.environment_name(uuid) {
            Some(name) => Answer::hal(200, &resources::environment(state, name)),
            None => Answer::nowhere(),
        },
        ("GET", ["environments", uuid, kind, "currently-deployed" | "currently-supported"]) => {
            records::live(asked, state, uuid, kind)
        }
        ("GET", ["pacticipants"]) => Answer::hal(200, &resources::pacticipants(state)),
        ("GET", ["integrations"]) => Answer::hal(200, &resources::integrations(state)),
        ("GET", ["pacts", "provider", provider, "consumer", consumer, "version", version]) => {
            match resources::pact(state, consumer, version, provider) {
                Some(pact) => Answer::hal(200, &pact),
                None => Answer::nowhere(),
            }
        }
        ("GET", ["pacticipants", name]) if state.pacticipants.contains_key(*name) => {
            Answer::hal(200, &resources::pacticipant(state, name))
        }
        ("GET", ["pacticipants", name]) => Answer::missing(asked, &format!("nobody is called {name}")),
        ("GET", ["pacticipants", name, "versions", version]) if state.has(name, version) => {
            Answer::hal(200, &resources::version(state, name, version))
        }
        (
            "POST",
            [
                "pacticipants",
                name,
                "versions",
                version,
                kind @ ("deployed-versions" | "released-versions"),
                "environment",
                uuid,
            ],
        ) => records::record(asked, state, name, version, kind, uuid),
        ("PATCH", [kind @ ("deployed-versions" | "released-versions"), uuid]) => records::end(asked, state, kind, uuid),
        ("GET", ["webhooks", id]) if state.webhooks.contains_key(*id) => {
            Answer::hal(200, &resources::webhook(state, id))
        }
        ("POST", ["webhooks", id, "execute"]) => execute(state, id),
        _ => Answer::nowhere(),
    };
    answer.with("X-Pact-Broker-Version", "2.120.0")
}

/// Sends nothing anywhere, counts, and has happen what the webhook would start.
fn execute(state: &mut State, id: &str) -> Answer {
    let Some(count) = state.webhooks.get_mut(id) else { return Answer::nowhere() };
    *count += 1;
    for (consumer, provider, success) in std::mem::take(&mut state.when_sent) {
        state.verify(consumer, provider, success);
    }
    let body: Value = json!({
        "request": { "headers": {}, "body": resources::sent(state, id), "url": "/verify" },
        "response": { "status": 201, "headers": {}, "body": {} },
        "logs": "sent",
        "success": true,
        "_links": {
            "webhook": { "href": resources::link(state, &["webhooks", id]) },
            "try-again": { "title": "Once more", "href": resources::link(state, &["webhooks", id, "execute"]) },
        },
    });
    Answer::hal(200, &body)
}
