//! The stand-in answers as a Pact Broker 2.120.0 was seen to: status, type and form of the answer, and the conclusion.
//!
//! `fixtures/answers.json` has a case a line, in words and with names of our own: what is given, what is asked, and what must
//! come. In the form of a body, `text`, `number`, `bool` and `null` stand for any value of that type, and a list's one
//! item for each of its items; an empty list says nothing about items. A key that ends in `?` may be absent, and one that
//! the form lacks must not come. Not in the forms, and not in the stand-in's answers, is what no plugin reads: builds'
//! addresses, contacts, tags, and most links of the index.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use windlass_pact_stand_in::{Broker, Fault, State};

const CASES: &str = include_str!("../fixtures/answers.json");

/// Makes what is given.
fn give(state: &mut State, given: &Value) {
    let words: Vec<&str> = given.as_array().unwrap().iter().map(|word| word.as_str().unwrap_or_default()).collect();
    match words.as_slice() {
        ["environment", name] => state.environment(name),
        ["version", name, version] => state.version(name, version),
        ["publish", consumer, version, provider, content] => state.publish((consumer, version), provider, content),
        ["verify", consumer, version, provider, provider_version, _] => {
            let success = given.pointer("/5").and_then(Value::as_bool).unwrap();
            state.verify((consumer, version), (provider, provider_version), success);
        }
        ["deploy", name, version, environment] => drop(state.deploy(name, version, environment, None)),
        ["deploy", name, version, environment, instance] => {
            drop(state.deploy(name, version, environment, Some(instance)));
        }
        ["release", name, version, environment] => drop(state.release(name, version, environment)),
        ["webhook", id] => drop(state.webhooks.insert((*id).to_owned(), 0)),
        ["broken"] => state.fault = Some(Fault::Broken),
        ["users"] => {
            state.writer = Some(("writer".to_owned(), "w".to_owned()));
            state.reader = Some(("reader".to_owned(), "r".to_owned()));
        }
        other => panic!("unknown: {other:?}"),
    }
}

/// Where an answer differs from a form.
fn differences(form: &Value, answer: &Value, place: &str, found: &mut Vec<String>) {
    match (form, answer) {
        (Value::Object(form), Value::Object(answer)) => {
            let known = |key: &&String| form.contains_key(*key) || form.contains_key(&format!("{key}?"));
            for key in answer.keys().filter(|key| !known(key)) {
                found.push(format!("{place}/{key} is not in a broker's answer"));
            }
            for (key, form) in form {
                match answer.get(key.trim_end_matches('?')) {
                    Some(answer) => differences(form, answer, &format!("{place}/{key}"), found),
                    None if key.ends_with('?') => {}
                    None => found.push(format!("{place}/{key} is absent")),
                }
            }
        }
        (Value::Array(form), Value::Array(items)) => {
            if let Some(form) = form.first() {
                if items.is_empty() {
                    found.push(format!("{place} is empty"));
                }
                for (number, item) in items.iter().enumerate() {
                    differences(form, item, &format!("{place}/{number}"), found);
                }
            }
        }
        (Value::String(kind), answer) => {
            let same = match kind.as_str() {
                "text" => answer.is_string(),
                "number" => answer.is_number(),
                "bool" => answer.is_boolean(),
                _ => answer.is_null(),
            };
            if !same {
                found.push(format!("{place} is {answer}, and no {kind}"));
            }
        }
        _ => found.push(format!("{place} is {answer}")),
    }
}

fn check(case: &Value) -> Vec<String> {
    let broker = Broker::start().unwrap();
    for given in case["given"].as_array().unwrap() {
        give(&mut broker.state(), given);
    }
    let (ask, want) = (&case["ask"], &case["want"]);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let address = format!("{}{}", broker.url(), ask["path"].as_str().unwrap());
    let mut request = ureq::http::Request::builder().method(ask["method"].as_str().unwrap()).uri(address);
    request = request.header("accept", ask["accept"].as_str().unwrap());
    if let Some(user) = text(&ask["user"]) {
        request = request.header("authorization", format!("Basic {}", STANDARD.encode(user)));
    }
    if let Some(authorization) = text(&ask["authorization"]) {
        request = request.header("authorization", authorization);
    }
    let body = text(&ask["body"]).unwrap_or_default();
    let kind = text(&ask["content-type"]).unwrap_or_else(|| "application/json".to_owned());
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).allow_non_standard_methods(true).build().into();
    let mut response = if body.is_empty() {
        agent.run(request.body(()).unwrap()).unwrap()
    } else {
        agent.run(request.header("content-type", kind).body(body).unwrap()).unwrap()
    };
    let mut found = Vec::new();
    if want["status"] != response.status().as_u16() {
        found.push(format!("status {} instead of {}", response.status(), want["status"]));
    }
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    if text(&want["type"]) != kind {
        found.push(format!("type {kind:?} instead of {}", want["type"]));
    }
    for header in want["headers"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !response.headers().contains_key(header) {
            found.push(format!("no header {header}"));
        }
    }
    let body = response.body_mut().read_to_string().unwrap();
    if want.get("empty").is_some() && !body.is_empty() {
        found.push(format!("a body: {body}"));
    }
    let answer: Value = serde_json::from_str(&body).unwrap_or_default();
    if let Some(form) = want.get("body") {
        differences(form, &answer, "", &mut found);
    }
    for (pointer, value) in want.get("values").and_then(Value::as_object).into_iter().flatten() {
        if answer.pointer(pointer) != Some(value) {
            found.push(format!("{pointer} is {:?} instead of {value}", answer.pointer(pointer)));
        }
    }
    found
}

#[test]
fn every_case_is_answered_as_a_broker_does() {
    let cases: Value = serde_json::from_str(CASES).unwrap();
    let cases = cases.as_array().unwrap();
    assert!(cases.len() >= 70);
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|case| check(case).into_iter().map(move |wrong| format!("{}: {wrong}", case["case"])))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
