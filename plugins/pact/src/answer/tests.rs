//! Every trouble has a code and words of its own.

use std::time::Duration;

use super::*;

fn settings(kind: &str) -> Settings {
    let secret = |name: &str, of: &str| (kind == of).then(|| name.to_owned());
    Settings {
        url: "http://a".to_owned(),
        username: secret("pact-user", "user"),
        password: secret("pact-password", "user"),
        token: secret("pact-token", "token"),
    }
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Response { status, headers, body: body.into(), truncated: false, took: Duration::ZERO }
}

const HAL: [(&str, &str); 1] = [("content-type", "application/hal+json;charset=utf-8")];
const HTML: [(&str, &str); 1] = [("content-type", "text/html")];

#[test]
fn each_trouble_has_its_code_and_message() {
    for (response, who, what, code, words) in [
        (response(401, &[], ""), "", "GET /", "unauthorized", "asks for a user"),
        (response(401, &[], ""), "user", "GET /", "unauthorized", "`pact-user` and `pact-password`"),
        (response(401, &[], ""), "user", "POST /x", "unauthorized", "may not write"),
        (response(401, &[], ""), "token", "GET /", "unauthorized", "`pact-token`: it is expired"),
        (response(400, &[], ""), "token", "GET /", "unauthorized", "it takes no bearer token"),
        (response(403, &HAL, "{}"), "user", "GET /", "forbidden", "refuses GET /"),
        (response(500, &HTML, "<html>"), "", "GET /", "unavailable", "answered 500 to GET / with text/html"),
        (response(502, &HTML, "<title>\nBad\n Gateway</title>"), "", "GET /", "unavailable", "titled \"Bad Gateway\""),
        (response(500, &HAL, r#"{"error":{"message":"see log A1"}}"#), "", "GET /", "unavailable", "see log A1"),
        (response(429, &[("retry-after", "7")], ""), "", "GET /", "rate-limited", "again in 7 s"),
        (response(200, &HTML, "<html>"), "", "GET /", "unavailable", "GET / is not a Pact Broker: it answered 200"),
        (response(404, &HTML, "<p>Secret"), "", "GET /", "unavailable", "it answered 404 with text/html"),
        (response(404, &[], ""), "", "GET /", "unavailable", "it answered 404 with no content type"),
        (response(200, &HAL, r#"{"a":"#), "", "GET /", "unavailable", "breaks off"),
        (response(200, &HAL, "[]"), "", "GET /", "unavailable", "no JSON object"),
        (response(302, &[("location", "/login")], ""), "", "GET /", "unavailable", "leads to /login"),
        (response(406, &[], ""), "", "GET /", "unavailable", "cannot speak HAL"),
        (response(400, &HTML, "<html>"), "", "GET /", "unavailable", "answered 400"),
    ] {
        let error = judge(&response, what, &settings(who)).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(words), "{error}");
        assert!(!error.message().contains(['<', '\n']), "no page is repeated: {error}");
    }
}

#[test]
fn what_may_pass_says_so_and_until_when() {
    let error = judge(&response(429, &[("retry-after", "7")], ""), "GET /", &settings("")).unwrap_err();
    assert!(error.is_retryable());
    assert_eq!(error.details().unwrap()["retry-after"], 7);
    assert!(judge(&response(503, &[], ""), "GET /", &settings("")).unwrap_err().is_retryable());
    assert!(!judge(&response(401, &[], ""), "GET /", &settings("")).unwrap_err().is_retryable());
}

#[test]
fn a_wait_may_be_given_as_a_date() {
    let (now, later) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:50:07 GMT");
    for (headers, seconds) in [
        (vec![("retry-after", " 7 ")], Some(7)),
        (vec![("retry-after", later), ("date", now)], Some(30)),
        (vec![("retry-after", now), ("date", later)], Some(0)),
        (vec![("retry-after", now)], Some(0)),
        (vec![("retry-after", "soon")], None),
        (vec![("retry-after", "-7")], None),
        (vec![], None),
    ] {
        let error = judge(&response(503, &headers, ""), "GET /", &settings("")).unwrap_err();
        let told = error.details().and_then(|details| details.get("retry-after")?.as_u64());
        assert_eq!(told, seconds, "{headers:?}");
    }
}

#[test]
fn every_form_of_reasons_is_read() {
    for (body, expected) in [
        (r#"{"errors":{"name":["is absent"],"":["say where to"]}}"#, vec!["`name` is absent", "say where to"]),
        (r#"{"errors":["nobody of that name"]}"#, vec!["nobody of that name"]),
        (r#"{"error":"no such thing"}"#, vec!["no such thing"]),
        (r#"{"notices":[{"type":"error","text":"it changed"}]}"#, vec!["it changed"]),
        (r#"{"title":"wrong","errors":[{"detail":"is absent","pointer":"/name"}]}"#, vec!["`/name` is absent"]),
        (r#"{"title":"wrong","detail":"nobody"}"#, vec!["nobody"]),
    ] {
        let answer = judge(&response(400, &HAL, body), "GET /", &settings("")).unwrap();
        assert_eq!(answer, Answer::Refused(expected.into_iter().map(str::to_owned).collect()));
    }
}
