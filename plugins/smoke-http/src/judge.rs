//! Holds an answer to what is expected. Knows nothing of time, retries and the network.

use regex_lite::Regex;
use windlass_sdk::http::Response;
use windlass_sdk::prelude::*;

use crate::expect::{Expect, OneOrMore};

/// How much of a body is shown.
const EXCERPT: usize = 400;

/// Everything that is not as expected, as fragments for `GET / …`; empty when all is well.
pub(crate) fn differences(response: &Response, expect: &Expect) -> Vec<String> {
    let mut wrong = Vec::new();
    status(response, expect, &mut wrong);
    headers(response, expect, &mut wrong);
    body(response, expect, &mut wrong);
    let within = expect.within();
    if response.took > within.0 {
        wrong.push(format!("took {} ms, more than {within}", response.took.as_millis()));
    }
    wrong
}

fn status(response: &Response, expect: &Expect, wrong: &mut Vec<String>) {
    let (fits, wanted) = match &expect.status {
        None => ((200..300).contains(&response.status), "200 to 299".to_owned()),
        Some(allowed) => {
            let words: Vec<String> = allowed.all().iter().map(ToString::to_string).collect();
            (allowed.all().contains(&response.status), words.join(" or "))
        }
    };
    if !fits {
        wrong.push(format!("answered {}, expected {wanted}", response.status));
    }
}

fn headers(response: &Response, expect: &Expect, wrong: &mut Vec<String>) {
    for (name, wanted) in &expect.headers {
        match response.header(name) {
            None => wrong.push(format!("has no header `{name}`, expected {wanted:?} in it")),
            Some(value) if !value.contains(wanted.as_str()) => {
                wrong.push(format!("has the header `{name}` {value:?}, expected {wanted:?} in it"));
            }
            Some(_) => {}
        }
    }
    if let Some(wanted) = &expect.location {
        match response.header("location") {
            None => wrong.push(format!("leads nowhere, expected a redirect to {wanted:?}")),
            Some(place) if place != wanted => wrong.push(format!("leads to {place:?}, expected {wanted:?}")),
            Some(_) => {}
        }
    }
}

fn body(response: &Response, expect: &Expect, wrong: &mut Vec<String>) {
    let text = response.text();
    let cut = if response.truncated { " in the part that was read" } else { "" };
    for wanted in expect.contains.iter().flat_map(OneOrMore::all) {
        if !text.contains(wanted.as_str()) {
            wrong.push(format!("does not contain {wanted:?}{cut}"));
        }
    }
    for unwanted in expect.lacks.iter().flat_map(OneOrMore::all) {
        if text.contains(unwanted.as_str()) {
            wrong.push(format!("contains {unwanted:?}, which it must not"));
        }
    }
    if let Some(pattern) = &expect.matches
        && !Regex::new(pattern).is_ok_and(|regex| regex.is_match(&text))
    {
        wrong.push(format!("does not match `{pattern}`{cut}"));
    }
    if expect.json.is_empty() {
        return;
    }
    match response.json::<Value>() {
        Err(_) => wrong.push("is not JSON".to_owned()),
        Ok(document) => {
            for (pointer, wanted) in &expect.json {
                match document.pointer(pointer) {
                    None => wrong.push(format!("has nothing at `{pointer}`, expected {wanted}")),
                    Some(value) if !same(value, wanted) => {
                        wrong.push(format!("has {} at `{pointer}`, expected {wanted}", shorten(&value.to_string())));
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

/// Equal, where `1` and `1.0` are the same number.
fn same(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Number(value), Value::Number(wanted)) => value == wanted || value.as_f64() == wanted.as_f64(),
        (Value::Array(values), Value::Array(wanted)) => {
            values.len() == wanted.len() && values.iter().zip(wanted).all(|(value, wanted)| same(value, wanted))
        }
        (Value::Object(values), Value::Object(wanted)) => {
            values.len() == wanted.len()
                && wanted.iter().all(|(name, wanted)| values.get(name).is_some_and(|value| same(value, wanted)))
        }
        (value, wanted) => value == wanted,
    }
}

/// The beginning of a text, on one line.
pub(crate) fn shorten(text: &str) -> String {
    let mut short: String =
        text.chars().take(EXCERPT).map(|character| if character.is_control() { ' ' } else { character }).collect();
    if text.chars().nth(EXCERPT).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn response(status: u16, body: &str) -> Response {
        Response {
            status,
            headers: vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())],
            body: body.into(),
            truncated: false,
            took: Duration::from_millis(20),
        }
    }

    fn judge(status: u16, body: &str, expect: Value) -> Vec<String> {
        differences(&response(status, body), &Expect::deserialize(expect).unwrap())
    }

    #[test]
    fn a_success_is_enough_when_nothing_is_said() {
        assert!(judge(204, "", json!({})).is_empty());
        assert_eq!(judge(302, "", json!({})), ["answered 302, expected 200 to 299"]);
    }

    #[test]
    fn every_difference_is_told() {
        let expect = json!({
            "status": [200, 204], "headers": { "Content-Type": "json", "x-a": "1" }, "location": "/new",
            "contains": ["up", "down"], "lacks": "wrong", "matches": "v[0-9]+", "within": "10ms",
        });
        let wrong = judge(500, "all wrong, up", expect);
        assert_eq!(
            wrong,
            [
                "answered 500, expected 200 or 204",
                "has the header `Content-Type` \"text/html; charset=utf-8\", expected \"json\" in it",
                "has no header `x-a`, expected \"1\" in it",
                "leads nowhere, expected a redirect to \"/new\"",
                "does not contain \"down\"",
                "contains \"wrong\", which it must not",
                "does not match `v[0-9]+`",
                "took 20 ms, more than 10ms",
            ]
        );
    }

    #[test]
    fn values_are_found_by_pointer() {
        let body = r#"{"status":"up","n":1,"list":[{"a/b":true}]}"#;
        assert!(judge(200, body, json!({ "json": { "/status": "up", "/n": 1.0, "/list/0/a~1b": true } })).is_empty());
        assert_eq!(
            judge(200, body, json!({ "json": { "/status": "down" } })),
            ["has \"up\" at `/status`, expected \"down\""]
        );
        assert_eq!(judge(200, body, json!({ "json": { "/x": 1 } })), ["has nothing at `/x`, expected 1"]);
        assert_eq!(judge(200, "<html>", json!({ "json": { "/x": 1 } })), ["is not JSON"]);
    }
}
