//! HTTP requests through the host, which reaches only the addresses that the operator's `http` grant names.
//!
//! Redirects are answers, not followed. A response with any status is a success here; an error means that there was
//! no response. Several requests can be under way at once: [`send_all`].

use std::time::{Duration, SystemTime};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;

use crate::{Error, Result};

mod address;
#[cfg(target_family = "wasm")]
mod exchange;
#[cfg(target_family = "wasm")]
mod wasi;

pub(crate) use address::Address;

/// How much of a response's body is read unless a request says otherwise.
pub const DEFAULT_MOST: usize = 1 << 20;

/// How long a request may take unless it says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Everything but the unreserved characters of RFC 3986 (section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A text as one segment of a path or one value of a query: everything but unreserved characters is percent-encoded.
#[must_use]
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// A request to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) timeout: Duration,
    pub(crate) most: usize,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers in the order of the wire, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, at most as much as the request allowed.
    pub body: Vec<u8>,
    /// Whether there was more.
    pub truncated: bool,
    /// From sending to the last byte that was read.
    pub took: Duration,
}

impl Request {
    /// A request with any method.
    #[must_use]
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        Self {
            method: method.to_ascii_uppercase(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            most: DEFAULT_MOST,
        }
    }

    /// `GET`
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// `POST` with a JSON body.
    pub fn post_json(url: impl Into<String>, body: &impl serde::Serialize) -> Result<Self> {
        Ok(Self::new("POST", url).header("content-type", "application/json").body(serde_json::to_vec(body)?))
    }

    /// Adds a header. The value may hold a secret's placeholder.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// How long it may take from sending to the last byte. The host's own limit also holds.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many bytes of the response's body are read; the rest is left, and `truncated` says so.
    #[must_use]
    pub fn most(mut self, bytes: usize) -> Self {
        self.most = bytes;
        self
    }

    /// The method, in capitals.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the address can be sent to at all: for `validate`.
    pub fn check(&self) -> Result<()> {
        Address::parse(&self.url).map(drop)
    }

    /// Sends it and waits for the response.
    pub fn send(&self) -> Result<Response> {
        send_all(std::slice::from_ref(self))
            .pop()
            .unwrap_or_else(|| Err(Error::internal("a request without an answer")))
    }
}

impl Response {
    /// The first header of that name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The time by the server's own clock, where it tells it.
    #[must_use]
    pub fn date(&self) -> Option<SystemTime> {
        httpdate::parse_http_date(self.header("date")?.trim()).ok()
    }

    /// For how many seconds the server wants to be left alone: as `Retry-After` says it, or until its date (RFC 9110,
    /// section 10.2.3). The date is compared with the server's own clock where it tells it, and otherwise with `now`.
    #[must_use]
    pub fn retry_after(&self, now: SystemTime) -> Option<u64> {
        let wished = self.header("retry-after")?.trim();
        if let Ok(seconds) = wished.parse() {
            return Some(seconds);
        }
        let until = httpdate::parse_http_date(wished).ok()?;
        Some(until.duration_since(self.date().unwrap_or(now)).map_or(0, |wait| wait.as_secs()))
    }

    /// The body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::internal(format!("the response is not the JSON that was expected: {error}")))
    }

    /// The response, or an error when the status is not 200 to 299.
    pub fn expect_success(self) -> Result<Self> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let error = Error::new("unavailable", format!("the server answered {}", self.status));
        Err(if self.status >= 500 || self.status == 429 { error.retryable() } else { error })
    }
}

/// Sends all at once and waits for all. Answers are in the order of the requests.
#[must_use]
pub fn send_all(requests: &[Request]) -> Vec<Result<Response>> {
    #[cfg(target_family = "wasm")]
    return exchange::all(requests);
    #[cfg(not(target_family = "wasm"))]
    requests.iter().map(|_| crate::error::ask(|| unreachable!("there is no host"))).collect()
}
