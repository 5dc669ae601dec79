//! AWX's API: requests with credentials, and what its answers mean for the operator.

use std::time::Duration;

use base64::Engine as _;
use windlass_sdk::http::{Request, Response};
use windlass_sdk::prelude::*;

use crate::config::Config;

/// How long AWX may take to answer. Launching waits for its database.
const TIMEOUT: Duration = Duration::from_secs(25);

/// How much of an answer is read: lists of jobs hold their variables.
const MOST: usize = 8 << 20;

/// How much of what AWX says is repeated.
const WORDS: usize = 500;

/// AWX, as one user.
pub(crate) struct Client<'a> {
    config: &'a Config,
    authorization: String,
}

impl<'a> Client<'a> {
    pub(crate) fn new(config: &'a Config) -> Result<Self> {
        let authorization = match (&config.token, &config.user, &config.password) {
            (Some(token), ..) => format!("Bearer {}", secrets::placeholder(token)?),
            (None, Some(user), Some(password)) => {
                let pair = format!("{user}:{}", secrets::placeholder(password)?);
                format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
            }
            _ => return Err(Error::config("there are no credentials for AWX")),
        };
        Ok(Self { config, authorization })
    }

    /// `GET` below the API.
    pub(crate) fn get(&self, path: &str) -> Result<Value> {
        self.get_at(&format!("{}{path}", self.config.api.trim_end_matches('/')))
    }

    /// `GET` of an address as AWX names it: a path below its root.
    pub(crate) fn get_at(&self, path: &str) -> Result<Value> {
        body(&self.send(Request::get(self.address(path)?))?, path)
    }

    /// The text at an address.
    pub(crate) fn text_at(&self, path: &str) -> Result<String> {
        let response = self.send(Request::get(self.address(path)?))?;
        if response.status == 200 { Ok(response.text()) } else { Err(refused(&response, path)) }
    }

    /// `POST` below the API: status and body, whatever they are.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Response> {
        let path = format!("{}{path}", self.config.api.trim_end_matches('/'));
        self.send(Request::post_json(self.address(&path)?, body)?)
    }

    /// `POST` of an address as AWX names it, without a body.
    pub(crate) fn post_at(&self, path: &str) -> Result<Response> {
        self.send(Request::post_json(self.address(path)?, &json!({}))?)
    }

    /// For people: where they can look at a job.
    pub(crate) fn page(&self, job: &Value) -> String {
        let kind = if job["type"] == "workflow_job" { "workflow" } else { "playbook" };
        let id = job["id"].as_u64().unwrap_or_default();
        format!("{}/#/jobs/{kind}/{id}/output", self.config.url.trim_end_matches('/'))
    }

    /// Credentials go to the server that was named and nowhere else.
    fn address(&self, path: &str) -> Result<String> {
        if !path.starts_with('/') || path.starts_with("//") {
            return Err(Error::new("unavailable", format!("AWX names an address that is not its own: {path:?}")));
        }
        let root = self.config.url.trim_end_matches('/');
        let scheme = root.find("://").map_or(0, |place| place + 3);
        let host = root[scheme..].find('/').map_or(root.len(), |place| scheme + place);
        // What AWX names begins at the server's root, also where AWX is below it.
        let own = &root[host..];
        let base = if path.starts_with(own) { &root[..host] } else { root };
        Ok(format!("{base}{path}"))
    }

    fn send(&self, request: Request) -> Result<Response> {
        request
            .header("authorization", &self.authorization)
            .header("accept", "application/json, text/plain;q=0.9")
            .timeout(TIMEOUT)
            .most(MOST)
            .send()
            .map_err(|error| error.context("AWX gave no answer"))
    }
}

/// The JSON of an answer.
pub(crate) fn body(response: &Response, path: &str) -> Result<Value> {
    if !(200..300).contains(&response.status) {
        return Err(refused(response, path));
    }
    serde_json::from_slice(&response.body).map_err(|_| page(response, path))
}

fn page(response: &Response, path: &str) -> Error {
    let what = if response.truncated { "more than can be read" } else { "something that is no JSON" };
    Error::new("unavailable", format!("AWX's {path} answers {} with {what}", response.status))
        .hint("`url` must be AWX's own address, without a login page in front; `api` is the path of its API")
}

/// An answer that is no success.
pub(crate) fn refused(response: &Response, path: &str) -> Error {
    let said = said(response);
    let status = response.status;
    match status {
        401 => Error::new("unauthorized", format!("AWX does not accept the credentials (401): {said}"))
            .hint("look whether the token is still valid and the secret holds it; AWX's tokens expire"),
        403 => Error::new("unauthorized", format!("AWX refuses {path} to this user (403): {said}")).hint(
            "give the user or the token's owner the role `Execute` of the template, and the token the scope `write`",
        ),
        404 => Error::new("not-found", format!("AWX has nothing at {path} (404): {said}"))
            .hint("compare `url`, `api` and `template`; AWX hides what a user may not see"),
        300..=399 => Error::new("unavailable", format!("AWX leads from {path} to another address ({status})"))
            .hint("name the address that it leads to in `url`, with https where it wants that"),
        429 | 500.. => Error::new("unavailable", format!("AWX answers {path} with {status}: {said}")).retryable(),
        _ => Error::new("invalid-argument", format!("AWX refuses {path} with {status}: {said}")),
    }
}

/// What AWX says about a refusal, in a line.
pub(crate) fn said(response: &Response) -> String {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let text = match &body {
        Value::Null => return "it says nothing that can be read".to_owned(),
        body => body["detail"].as_str().map_or_else(|| body.to_string(), str::to_owned),
    };
    text.chars().filter(|letter| !letter.is_control()).take(WORDS).collect()
}
