//! What an answer means: a body, or the reason why there is none, each reason with a message of its own.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use windlass_sdk::http::Response;
use windlass_sdk::{Error, Result};

use crate::Settings;

/// What an answer says about what was asked for.
#[derive(Debug, PartialEq)]
pub(crate) enum Known {
    /// It is there.
    Body(Value),
    /// The repository is there and has nothing of that name.
    Absent,
    /// Nothing of that name is shown, for whatever reason.
    Unseen,
}

/// The body of a success, or what keeps it away.
pub(crate) fn judge(response: &Response, path: &str, settings: &Settings) -> Result<Known> {
    match response.status {
        204 => Ok(Known::Body(Value::Null)),
        200..=299 => body(response, path).map(Known::Body),
        404 => Ok(Known::Unseen),
        // Issues that were deleted, and all of them where the repository has none.
        410 => Ok(Known::Absent),
        422 if message(response).starts_with("No commit found") => Ok(Known::Absent),
        422 => {
            let message = format!("GitHub does not take what was sent to {path}: {}", reasons(response));
            Err(Error::new("invalid-argument", message))
        }
        301 | 302 | 307 | 308 => {
            Err(Error::new("not-found", format!("GitHub says that the repository {} has moved", settings.repository))
                .hint("write its new name into `repository`"))
        }
        401 => Err(unauthorized(settings)),
        403 | 429 if is_limit(response) => Err(limited(response, settings)),
        403 => Err(forbidden(response, path, settings)),
        status @ (408 | 425 | 500..=599) => {
            let message = format!("GitHub answered {status} to {path}: it is down or overloaded");
            let error = Error::new("unavailable", message).retryable();
            Err(error.after(response.retry_after(SystemTime::now())))
        }
        status => {
            Err(Error::new("plugin:github", format!("GitHub answered {status} to {path}: {}", message(response))))
        }
    }
}

fn body(response: &Response, path: &str) -> Result<Value> {
    if response.truncated {
        return Err(Error::new("limit-exceeded", format!("GitHub's answer to {path} is larger than a plugin reads")));
    }
    serde_json::from_slice(&response.body).map_err(|_| {
        let kind = response.header("content-type").unwrap_or("without a type");
        let what = if kind.contains("json") { "breaks off or is not JSON" } else { "is not JSON" };
        Error::new("unavailable", format!("what came from {path} {what} ({kind})"))
            .retryable()
            .hint("is `api` the address of GitHub's API, and is there a proxy in between that asks for a login?")
    })
}

fn message(response: &Response) -> String {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    plain(body.get("message").and_then(Value::as_str).unwrap_or("no reason is given"))
}

/// The message of a 422, with the fields that it is about.
fn reasons(response: &Response) -> String {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let errors = body.get("errors").and_then(Value::as_array).into_iter().flatten().take(5);
    let fields: Vec<String> = errors
        .map(|error| {
            let text = |name: &str| error.get(name).and_then(Value::as_str);
            let words = [text("field"), text("code"), text("message"), error.as_str()];
            plain(&words.into_iter().flatten().collect::<Vec<_>>().join(" "))
        })
        .collect();
    let message = message(response);
    if fields.is_empty() { message } else { format!("{message} ({})", fields.join("; ")) }
}

fn plain(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

fn unauthorized(settings: &Settings) -> Error {
    let token = match &settings.token {
        Some(name) => format!("the token in the secret `{name}`"),
        None => "requests without a token".to_owned(),
    };
    Error::new("unauthorized", format!("GitHub does not accept {token}: it is expired, revoked or wrong"))
        .hint("make a new token for the repository, and put it where `agent.toml` says the secret is")
}

fn forbidden(response: &Response, path: &str, settings: &Settings) -> Error {
    let error = Error::new("forbidden", format!("GitHub refuses {path}: {}", message(response)));
    match &settings.token {
        Some(name) => error.hint(format!("the token in the secret `{name}` lacks a permission for this repository")),
        None => error.hint("name a secret with a token in `token`"),
    }
}

/// GitHub's documentation, "Rate limits for the REST API": 403 or 429 with `x-ratelimit-remaining: 0`, or with
/// `retry-after`, or a message about a secondary limit.
fn is_limit(response: &Response) -> bool {
    response.status == 429
        || response.header("x-ratelimit-remaining") == Some("0")
        || response.header("retry-after").is_some()
        || message(response).contains("rate limit")
}

fn limited(response: &Response, settings: &Settings) -> Error {
    let now = SystemTime::now();
    let reset = response.header("x-ratelimit-reset").and_then(|text| text.trim().parse::<u64>().ok());
    let since_epoch = response.date().unwrap_or(now).duration_since(UNIX_EPOCH).unwrap_or_default();
    let reset = reset.map(|at| at.saturating_sub(since_epoch.as_secs()));
    let wait = response.retry_after(now).or(reset);
    let when = match wait {
        Some(seconds) => format!("again in {} min", seconds.div_ceil(60).max(1)),
        None => "it does not say until when".to_owned(),
    };
    let message = format!("GitHub answers no more requests for now: {when}");
    let error = Error::new("rate-limited", message).retryable().after(wait);
    match settings.token {
        Some(_) => error,
        None => error.hint("with a token (`token`) it answers 5,000 requests an hour instead of 60"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn settings() -> Settings {
        Settings { repository: "o/r".to_owned(), api: "http://a".to_owned(), token: Some("gh".to_owned()) }
    }

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Response { status, headers, body: body.into(), truncated: false, took: Duration::ZERO }
    }

    #[test]
    fn each_trouble_has_its_code_and_message() {
        let html = [("content-type", "text/html")];
        let json = [("content-type", "application/json")];
        let none_left = [("x-ratelimit-remaining", "0")];
        let later = [("retry-after", "61")];
        for (response, code, words) in [
            (response(401, &json, r#"{"message":"Bad credentials"}"#), "unauthorized", "secret `gh`: it is expired"),
            (response(403, &none_left, "{}"), "rate-limited", "does not say until when"),
            (response(429, &later, "{}"), "rate-limited", "again in 2 min"),
            (response(403, &json, r#"{"message":"Resource not accessible"}"#), "forbidden", "Resource not accessible"),
            (response(502, &html, "<html>"), "unavailable", "answered 502"),
            (response(200, &html, "<html>"), "unavailable", "is not JSON (text/html)"),
            (response(200, &json, r#"{"a":"#), "unavailable", "breaks off"),
            (response(301, &json, "{}"), "not-found", "has moved"),
            (
                response(422, &json, r#"{"message":"Validation Failed","errors":[{"field":"tag_name","code":"x"}]}"#),
                "invalid-argument",
                "Validation Failed (tag_name x)",
            ),
            (response(418, &json, "{}"), "plugin:github", "418"),
        ] {
            let error = judge(&response, "/x", &settings()).unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert!(error.message().contains(words), "{error}");
        }
    }

    #[test]
    fn what_may_work_later_says_when() {
        let (now, later) = ("Wed, 21 Oct 2015 07:27:30 GMT", "Wed, 21 Oct 2015 07:28:00 GMT");
        for (status, headers, expected) in [
            (429, vec![("retry-after", "61")], Some(61)),
            (429, vec![("x-ratelimit-reset", "1445412480"), ("date", now)], Some(30)),
            (503, vec![("retry-after", later), ("date", now)], Some(30)),
            (503, vec![("retry-after", now), ("date", later)], Some(0)),
            (503, vec![("retry-after", "soon")], None),
            (408, vec![], None),
        ] {
            let error = judge(&response(status, &headers, "{}"), "/x", &settings()).unwrap_err();
            let wish = error.details().and_then(|details| details.get("retry-after")?.as_u64());
            assert_eq!((error.is_retryable(), wish), (true, expected), "{status} {headers:?}");
        }
    }

    #[test]
    fn what_is_not_there_is_no_error() {
        assert_eq!(judge(&response(404, &[], "{}"), "/x", &settings()).unwrap(), Known::Unseen);
        let unknown = response(422, &[], r#"{"message":"No commit found for SHA: x"}"#);
        assert_eq!(judge(&unknown, "/x", &settings()).unwrap(), Known::Absent);
    }
}
