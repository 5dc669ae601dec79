//! Requests to one broker, along its links.

use std::time::{Duration, Instant};

use windlass_sdk::http::{Request, Response};
use windlass_sdk::{Error, Result};

use crate::Settings;
use crate::answer::{Answer, judge};
use crate::hal::{Origin, Resource};

/// How much of an answer is read.
const MOST_BYTES: usize = 8 << 20;

/// How long one answer may take: a broker computes a large matrix for a while.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What is kept of the host's own deadline for saying what is known.
const MARGIN: Duration = Duration::from_millis(250);

/// Less than this is no time for an answer: a request that is begun with less would only hide what is known already.
const LEAST: Duration = Duration::from_millis(750);

/// HAL for what is there, and problem details (RFC 9457) for what is not; plain JSON is answered with 406.
const ACCEPT: &str = "application/hal+json, application/problem+json";

type Send = dyn Fn(&Request) -> Result<Response>;

/// Asks one broker.
pub struct Client<'a> {
    pub(crate) settings: &'a Settings,
    origin: Option<Origin>,
    authorization: Option<String>,
    end: Instant,
    send: Box<Send>,
}

impl std::fmt::Debug for Client<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<'a> Client<'a> {
    /// Through the host, with placeholders for user, password and token, as long as the host's call may take.
    pub fn new(settings: &'a Settings, remaining: Duration) -> Result<Self> {
        let authorization = settings.authorization()?;
        let mut client = Self::with(settings, Request::send).within(remaining);
        client.authorization = authorization;
        Ok(client)
    }

    /// With answers of a test's own.
    pub fn with(settings: &'a Settings, send: impl Fn(&Request) -> Result<Response> + 'static) -> Self {
        let end = Instant::now() + TIMEOUT;
        Self { settings, origin: settings.origin(), authorization: None, end, send: Box::new(send) }
    }

    /// The same with a time of its own.
    #[must_use]
    pub fn within(mut self, remaining: Duration) -> Self {
        self.end = Instant::now() + remaining.saturating_sub(MARGIN);
        self
    }

    /// The broker's index, from which everything else is found.
    pub fn index(&self) -> Result<Resource> {
        self.found(&self.settings.url)
    }

    /// An address at the broker that no link leads to.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.settings.url.trim_end_matches('/'))
    }

    /// A resource that must be there.
    pub fn found(&self, address: &str) -> Result<Resource> {
        required("GET", self.get(address)?, address)
    }

    pub(crate) fn get(&self, address: &str) -> Result<Answer> {
        self.ask(Request::get(address))
    }

    /// `POST` with a JSON body, or with none.
    pub(crate) fn post(&self, address: &str, body: Option<&serde_json::Value>) -> Result<Answer> {
        let request = Request::new("POST", address).header("content-type", "application/json");
        self.ask(match body {
            Some(body) => request.body(body.to_string()),
            None => request,
        })
    }

    pub(crate) fn ask(&self, request: Request) -> Result<Answer> {
        let what = format!("{} {}", request.method(), path_of(request.url()));
        self.own(request.url())?;
        let left = self.end.saturating_duration_since(Instant::now());
        if left < LEAST {
            let message = format!("the time of this attempt is used up: the broker was not asked any more for {what}");
            let error = Error::new("timeout", message).retryable().hint("give it more time, with a longer `deadline`");
            // The caller can see from this that the broker was not asked, and use the answer of an earlier attempt.
            return Err(error.detail("not-asked", true.into()));
        }
        let mut request = request
            .header("accept", ACCEPT)
            .header("user-agent", concat!("windlass/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT.min(left))
            .most(MOST_BYTES);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let response = (self.send)(&request).map_err(|error| match error.code() {
            "capability-denied" | "unsupported" => error,
            _ => error.context("the broker gave no answer"),
        })?;
        judge(&response, &what, self.settings)
    }

    /// A broker makes its links from a configured address, or from what a request said. The client sends credentials
    /// only to the broker that the configuration names, so it refuses a link to another server.
    fn own(&self, address: &str) -> Result<()> {
        let origin = Origin::of(address);
        if origin.is_some() && origin == self.origin {
            return Ok(());
        }
        let (theirs, ours) = (origin.as_ref().map_or(address.to_owned(), ToString::to_string), &self.settings.url);
        Err(Error::new(
            "plugin:foreign-link",
            format!("a link of the broker at {ours} leads to another server, {theirs}"),
        )
        .hint("configure the broker's own base address (PACT_BROKER_BASE_URL) to be the same as `broker.url`"))
    }
}

/// A resource that must be there, and takes what it is asked.
pub(crate) fn required(method: &str, answer: Answer, address: &str) -> Result<Resource> {
    let what = format!("{method} {}", path_of(address));
    match answer {
        Answer::Found(resource) => Ok(resource),
        Answer::Missing(reason) => Err(Error::new("not-found", format!("the broker has nothing at {what}: {reason}"))
            .hint("is `broker.url` the address of a Pact Broker's index?")),
        Answer::Refused(reasons) => {
            Err(Error::new("plugin:pact-broker", format!("the broker refuses {what}: {}", reasons.join("; "))))
        }
    }
}

/// What people recognise of an address, without the origin and the query.
fn path_of(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = rest.find('/').and_then(|start| rest.get(start..)).unwrap_or("/");
    path.split('?').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn links_to_another_server_are_not_followed() {
        let settings = Settings { url: "http://a/x".to_owned(), username: None, password: None, token: None };
        let client = Client::with(&settings, |_| {
            Ok(Response {
                status: 200,
                headers: Vec::new(),
                body: json!({ "_links": { "pb:environments": { "href": "http://a.example/environments" } } })
                    .to_string()
                    .into(),
                truncated: false,
                took: Duration::ZERO,
            })
        });
        let index = client.index().unwrap();
        let error = client.found(&index.link("pb:environments").unwrap().href).unwrap_err();
        assert_eq!(error.code(), "plugin:foreign-link");
        assert!(error.message().contains("http://a.example"), "{error}");
        assert!(client.found("http://a/elsewhere").is_ok(), "a broker below a path may link beside it");
    }

    #[test]
    fn nothing_is_asked_when_there_is_no_time_for_an_answer() {
        let settings = Settings { url: "http://a/x".to_owned(), username: None, password: None, token: None };
        let answer = |_: &Request| Err(Error::internal("was asked"));
        let client = Client::with(&settings, answer).within(Duration::from_millis(900));
        let error = client.index().unwrap_err();
        assert_eq!((error.code(), error.is_retryable()), ("timeout", true));
        assert!(error.message().contains("was not asked any more for GET /x"), "{error}");
        let client = Client::with(&settings, answer).within(Duration::from_mins(1));
        assert!(client.index().unwrap_err().message().contains("was asked"));
    }

    #[test]
    fn a_path_is_shown_without_its_query() {
        assert_eq!(path_of("http://a/matrix?q[][version]=1"), "/matrix");
        assert_eq!(path_of("http://a"), "/");
    }
}
