//! What an answer means: a resource, a no with the broker's reasons, or an error with a message of its own.

use std::time::SystemTime;

use serde_json::Value;
use windlass_sdk::http::Response;
use windlass_sdk::{Error, Result};

use crate::Settings;
use crate::hal::Resource;
use crate::settings::Who;

/// What the broker answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// What was asked for.
    Found(Resource),
    /// 404
    Missing(String),
    /// 400, 409, 422: the broker understood and says that it makes no sense, for these reasons.
    Refused(Vec<String>),
}

/// Judges the answer to a request that is named for people as `what`, such as `GET /matrix`.
pub(crate) fn judge(response: &Response, what: &str, settings: &Settings) -> Result<Answer> {
    match response.status {
        200..=299 => body(response, what).map(Answer::Found),
        404 if is_json(response) => Ok(Answer::Missing(reasons(response).join("; "))),
        404 => Err(stranger(response, what)),
        // The open-source broker answers a bearer token with an empty 400, before it looks at anything else.
        400 if response.body.is_empty() && settings.who() == Who::Token => Err(no_tokens(settings)),
        400 | 409 | 422 if is_json(response) => Ok(Answer::Refused(reasons(response))),
        401 => Err(unauthorized(what, settings)),
        403 => Err(Error::new("forbidden", format!("the broker refuses {what} to {}", settings.secrets()))
            .hint("give its user the permission, or name another secret")),
        406 => Err(unavailable(format!("the broker answered 406 to {what}: it cannot speak HAL"))
            .hint("is `broker.url` the address of a Pact Broker?")),
        429 => Err(limited(response, what)),
        status @ (408 | 425 | 500..=599) => {
            let message = format!("the broker answered {status} to {what}{}", excerpt(response));
            let error = unavailable(message).retryable();
            Err((if is_page(response) { error.hint(PAGE) } else { error }).after(seconds(response)))
        }
        status @ 300..=399 => {
            let place = response.header("location").unwrap_or("nowhere");
            Err(unavailable(format!("the broker answered {status} to {what} and leads to {place}")).hint(
                "write the address that it leads to into `broker.url`; a login page in between must be passed over",
            ))
        }
        status => Err(unavailable(format!("the broker answered {status} to {what}{}", excerpt(response)))),
    }
}

fn unavailable(message: String) -> Error {
    Error::new("unavailable", message)
}

fn body(response: &Response, what: &str) -> Result<Resource> {
    if response.truncated {
        return Err(Error::new("limit-exceeded", format!("the broker's answer to {what} is larger than is read")));
    }
    match serde_json::from_slice(&response.body) {
        Ok(value @ Value::Object(_)) => Ok(Resource(value)),
        Ok(_) => Err(unavailable(format!("what came as an answer to {what} is no JSON object"))),
        Err(_) if is_json(response) => {
            Err(unavailable(format!("the answer to {what} breaks off or is not JSON ({})", kind(response))).retryable())
        }
        Err(_) => Err(stranger(response, what)),
    }
}

fn is_json(response: &Response) -> bool {
    response.header("content-type").is_some_and(|kind| kind.contains("json"))
}

/// What to do about a page where a broker's answer should be.
const PAGE: &str = "a proxy in front of the broker, or another server, answered: is `broker.url` the address of a Pact \
                    Broker's index, and can it be asked without a login page?";

fn is_page(response: &Response) -> bool {
    response.header("content-type").is_some_and(|kind| kind.contains("html"))
}

/// What answers in another language is not the broker. Its page is not repeated, but for its title.
fn stranger(response: &Response, what: &str) -> Error {
    let (status, page) = (response.status, page(response));
    unavailable(format!("what answered {what} is not a Pact Broker: it answered {status} with {page}"))
        .retryable()
        .hint(PAGE)
}

/// Type and title of what is no JSON.
fn page(response: &Response) -> String {
    match title(&response.text()) {
        Some(title) => format!("{}, titled \"{title}\"", kind(response)),
        None => kind(response),
    }
}

fn kind(response: &Response) -> String {
    response.header("content-type").map_or_else(|| "no content type".to_owned(), |kind| cut(kind, 100))
}

fn title(page: &str) -> Option<String> {
    // Only letters of ASCII change their case here, so that places stay the same.
    let lower = page.to_ascii_lowercase();
    let begin = lower.find("<title")?;
    let begin = begin + lower.get(begin..)?.find('>')? + 1;
    let end = begin + lower.get(begin..)?.find("</title")?;
    let words: Vec<&str> = page.get(begin..end)?.split_whitespace().collect();
    (!words.is_empty()).then(|| cut(&words.join(" "), 100))
}

fn unauthorized(what: &str, settings: &Settings) -> Error {
    let who = settings.secrets();
    // A user who may only read gets the same 401 for a write as a stranger does for anything.
    let write = what.starts_with("POST");
    let message = match settings.who() {
        Who::Nobody => format!("the broker asks for a user: it answered 401 to {what}"),
        Who::User if write => {
            format!("the broker answered 401 to {what}: {who} may not write, or are wrong")
        }
        Who::User => format!("the broker does not accept {who}: it answered 401 to {what}"),
        Who::Token => format!("the broker does not accept {who}: it is expired, revoked or wrong"),
    };
    let hint = match settings.who() {
        Who::Nobody => "name the secrets in `broker.username` and `broker.password`, or in `broker.token`",
        Who::User if write => "the broker tells a read-only user 401 when it writes; name the secrets of one that may",
        Who::User | Who::Token => "put the right value where `agent.toml` says that the secret is",
    };
    Error::new("unauthorized", message).hint(hint)
}

fn no_tokens(settings: &Settings) -> Error {
    let message =
        format!("the broker answered 400 without a reason to {}: it takes no bearer token", settings.secrets());
    Error::new("unauthorized", message).hint(
        "the open-source broker knows basic authentication only: name secrets in `broker.username` and `broker.password`",
    )
}

fn limited(response: &Response, what: &str) -> Error {
    let when = match seconds(response) {
        Some(seconds) => format!("again in {seconds} s"),
        None => "it does not say until when".to_owned(),
    };
    let error = Error::new("rate-limited", format!("the broker answers no more requests for now ({what}): {when}"));
    error.retryable().after(seconds(response))
}

fn seconds(response: &Response) -> Option<u64> {
    response.retry_after(SystemTime::now())
}

fn excerpt(response: &Response) -> String {
    if is_page(response) {
        return format!(" with {}", page(response));
    }
    let reasons = if is_json(response) { reasons(response) } else { Vec::new() };
    if reasons.is_empty() { String::new() } else { format!(": {}", reasons.join("; ")) }
}

/// The broker has five forms of reasons, by route and by what it accepts; what fits none is shown as it is.
fn reasons(response: &Response) -> Vec<String> {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let mut found = Vec::new();
    match body.get("errors") {
        Some(Value::Object(fields)) => {
            for (field, texts) in fields {
                let place = if field.is_empty() { String::new() } else { format!("`{field}` ") };
                found.extend(texts.as_array().into_iter().flatten().map(|text| format!("{place}{}", plain(text))));
            }
        }
        Some(Value::Array(items)) => {
            found.extend(items.iter().map(|item| match (item.get("detail"), item.get("pointer")) {
                (Some(detail), Some(place)) => format!("`{}` {}", plain(place), plain(detail)),
                (Some(detail), None) => plain(detail),
                _ => plain(item),
            }));
        }
        _ => {}
    }
    found.extend(
        body.get("notices")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|notice| Some(plain(notice.get("text")?))),
    );
    match body.get("error") {
        Some(Value::Object(error)) => found.extend(error.get("message").map(plain)),
        Some(error) => found.push(plain(error)),
        None => {}
    }
    if found.is_empty() {
        found.extend(body.get("detail").or_else(|| body.get("title")).map(plain));
    }
    if found.is_empty() && !response.body.is_empty() {
        found.push(clip(&response.text()));
    }
    found
}

fn plain(value: &Value) -> String {
    clip(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// The beginning of a text of the broker, without what a terminal would act on.
pub(crate) fn clip(text: &str) -> String {
    cut(text, 500)
}

fn cut(text: &str, most: usize) -> String {
    let mut short: String =
        text.chars().take(most).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests;
