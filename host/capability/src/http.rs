//! HTTP for plugins: the only place besides the registry client that knows `reqwest`.
//!
//! A request goes to a granted scheme, host and port, at an address that is public or granted, and nowhere else: names
//! are resolved here, every address is looked at, and only those that passed are dialled. Redirects are answers, which
//! a plugin may follow by asking again. There is no proxy. Each request leaves a line in the call's log.
//!
//! Secret placeholders are replaced in header values, inside the base64 of `Authorization: Basic`, so that ordinary
//! HTTP libraries can be given a placeholder as the password, and in the path and query of an address. They are not
//! replaced in bodies.
//!
//! A server that is granted a secret may reflect it: into a header, a page, an error. So every answer of such a server
//! is searched for all secret values, in all forms that the redactor knows: head, body and trailers, piece by piece. It
//! is asked for whole and plain answers, and one that is partial or encoded all the same is refused. Which request
//! carried the value does not matter, so that asking a second time for what the first left at the server gives nothing.
//! One risk remains: the server itself knows the value, and can hand it over in a form that no search finds: encrypted,
//! in UTF-16, a letter at a time. Granting a secret to a server means to trust it with the secret.

mod audit;
mod body;
mod client;
mod headers;
mod target;
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use url::Url;
use windlass_config::document::printable;
use windlass_config::{Limits, Origin};
use windlass_domain::Failure;
use windlass_foundation::addresses;

use super::failure::{failure, passing};
use super::grants::{Grants, Permission};
use super::log::Log;
use super::secrets::PluginSecrets;
use audit::Audit;
use body::Search;

pub use body::ResponseBody;
pub use client::Clients;

/// How much a plugin may ask in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Requests.
    pub requests: u64,
    /// Bytes of one request's body.
    pub request_bytes: u64,
    /// Bytes of one response's body.
    pub response_bytes: u64,
    /// Bytes of one message's headers.
    pub header_bytes: u64,
    /// The longest time to connect, to the first byte, and between bytes.
    pub timeout: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            requests: 1_000,
            request_bytes: 8 << 20,
            response_bytes: 16 << 20,
            header_bytes: 64 << 10,
            timeout: Duration::from_secs(30),
        }
    }
}

impl From<&Limits> for HttpLimits {
    fn from(limits: &Limits) -> Self {
        Self {
            requests: limits.http_requests,
            request_bytes: limits.http_request,
            response_bytes: limits.http_response,
            header_bytes: limits.http_headers,
            timeout: limits.http_timeout,
        }
    }
}

/// What a plugin asks for; none and what is longer than the limit mean the limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection is there.
    pub connect: Option<Duration>,
    /// From then until the answer begins.
    pub first_byte: Option<Duration>,
    /// Between two pieces of the answer.
    pub between_bytes: Option<Duration>,
}

/// HTTP servers as one plugin call sees them. Clones share the budget.
#[derive(Debug, Clone)]
pub struct Http {
    grants: Arc<Grants>,
    clients: Clients,
    limits: HttpLimits,
    secrets: PluginSecrets,
    log: Log,
    asked: Arc<AtomicU64>,
}

impl Http {
    /// HTTP for one plugin call. `clients` is shared by the whole process; audit lines go to `log`.
    #[must_use]
    pub fn new(grants: Arc<Grants>, clients: Clients, limits: HttpLimits, secrets: PluginSecrets, log: Log) -> Self {
        Self { grants, clients, limits, secrets, log, asked: Arc::default() }
    }

    /// Sends a request with an absolute address and returns the answer as soon as its headers are there.
    ///
    /// The body of the answer enforces the limits that are left and fails with a [`Failure`]; dropping it, or this
    /// future, closes the connection.
    pub async fn send<B>(&self, request: Request<B>, timeouts: Timeouts) -> Result<Response<ResponseBody>, Failure>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let url = address(&parts.uri)?;
        let audit = Audit::new(self.log.clone(), &parts.method, &url);
        match self.exchange(parts, body, url, timeouts, audit.clone()).await {
            Ok(response) => Ok(response),
            Err(failure) => {
                audit.refused(&failure);
                Err(failure)
            }
        }
    }

    async fn exchange<B>(
        &self,
        parts: http::request::Parts,
        body: B,
        url: Url,
        timeouts: Timeouts,
        audit: Audit,
    ) -> Result<Response<ResponseBody>, Failure>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if matches!(parts.method, Method::CONNECT | Method::TRACE) {
            return Err(failure("capability-denied", format!("the method {} is not for plugins", parts.method)));
        }
        let origin = origin(&url)?;
        let grants = self.grants.http_for(&origin)?;
        let ranges: Vec<_> = grants.iter().flat_map(|grant| grant.addresses.iter().copied()).collect();
        let authorities: Vec<_> = grants.iter().filter_map(|grant| grant.ca.clone()).collect();
        if let Some(address) = literal(&url)
            && !addresses::is_open(address, &ranges)
        {
            return Err(self.grants.denial(&Permission::Address(origin, addresses::meant(address))));
        }
        if self.asked.fetch_add(1, Ordering::Relaxed) >= self.limits.requests {
            let message =
                format!("one call may send {} HTTP requests (`http-requests` in `[limits]`)", self.limits.requests);
            return Err(failure("limit-exceeded", message));
        }
        let searched = grants.iter().any(|grant| !grant.secrets.is_empty());
        let most = self.limits.header_bytes;
        let headers = headers::outgoing(&parts.headers, &self.secrets, &origin, most, searched)?;
        let target = target::fill(&parts.uri, &url, &self.secrets, &origin)?;
        let client = self.clients.get(ranges, authorities, self.limits.timeout).await?;
        let clamp = |asked: Option<Duration>| asked.unwrap_or(self.limits.timeout).min(self.limits.timeout);
        let asks_for_head = parts.method == Method::HEAD;
        let (body, watched) = body::outgoing(body, self.limits.request_bytes);
        let request = client.request(parts.method, target).headers(headers).body(body);
        let begins = clamp(timeouts.connect) + clamp(timeouts.first_byte);
        let answer = tokio::time::timeout(begins, request.send()).await;
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                return Err(match watched.failure() {
                    Some(failure) => failure,
                    None => self.failed(&error, &origin),
                });
            }
            Err(_) => {
                let message = format!("`{origin}` did not begin to answer within {begins:?}");
                return Err(passing("timeout", message));
            }
        };
        audit.answered(answer.status(), answer.remote_addr());
        headers::check_size(answer.headers(), self.limits.header_bytes)?;
        if searched {
            headers::readable(answer.status(), answer.headers()).map_err(|what| {
                let message = format!(
                    "`{origin}` gave an answer that is {what}: the secrets that it is granted could not be found in it"
                );
                failure("unavailable", message).hint("let the server give whole and plain answers to such requests")
            })?;
        }
        let answer: Response<reqwest::Body> = answer.into();
        let (mut head, body) = answer.into_parts();
        // The connection's own details are nothing for plugins.
        head.extensions.clear();
        let redactor = self.secrets.redactor();
        head.headers = headers::incoming(head.headers, redactor);
        let filter = if searched { redactor.filter() } else { None };
        if filter.is_some() && !asks_for_head {
            // What is replaced has another length.
            head.headers.remove(http::header::CONTENT_LENGTH);
        }
        let search = Search { filter, redactor: redactor.clone() };
        let limits = body::BodyLimits { bytes: self.limits.response_bytes, pause: clamp(timeouts.between_bytes) };
        Ok(Response::from_parts(head, ResponseBody::new(body, limits, audit, origin, search)))
    }

    /// What went wrong before there was an answer.
    fn failed(&self, error: &reqwest::Error, origin: &Origin) -> Failure {
        if let Some(closed) = client::Closed::cause_of(error) {
            return self.grants.denial(&Permission::Address(origin.clone(), closed.0));
        }
        client::failed(error, &origin.to_string())
    }
}

/// Whether an address may be dialled without being granted as a range.
pub(crate) fn is_public(address: std::net::IpAddr) -> bool {
    addresses::is_open(address, &[])
}

/// A request's address, in the form that grants are compared with.
fn address(uri: &http::Uri) -> Result<Url, Failure> {
    let text = uri.to_string();
    let wrong = |why: &str| failure("invalid-argument", printable(&format!("`{text}` cannot be asked: {why}")));
    if uri.scheme().is_none() || uri.authority().is_none() {
        return Err(wrong("it is not an absolute address"));
    }
    let url = Url::parse(&text).map_err(|error| wrong(&error.to_string()))?;
    if !url.username().is_empty()
        || url.password().is_some()
        || uri.authority().is_some_and(|host| host.as_str().contains('@'))
    {
        // Without repeating it: it may be a password.
        return Err(failure(
            "capability-denied",
            "an address with a user or password in it cannot be asked; use a header",
        ));
    }
    Ok(url)
}

fn origin(url: &Url) -> Result<Origin, Failure> {
    let unknown = || failure("capability-denied", format!("the scheme `{}` is not for plugins", url.scheme()));
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unknown());
    }
    let host = match url.host() {
        Some(url::Host::Domain(name)) => name.strip_suffix('.').unwrap_or(name).to_owned(),
        Some(url::Host::Ipv4(address)) => address.to_string(),
        Some(url::Host::Ipv6(address)) => address.to_string(),
        None => return Err(unknown()),
    };
    let port = url.port_or_known_default().ok_or_else(unknown)?;
    Ok(Origin { scheme: url.scheme().to_owned(), host, port })
}

/// The address in the place of a name; it is dialled without being resolved.
fn literal(url: &Url) -> Option<std::net::IpAddr> {
    match url.host()? {
        url::Host::Domain(_) => None,
        url::Host::Ipv4(address) => Some(address.into()),
        url::Host::Ipv6(address) => Some(address.into()),
    }
}

#[cfg(test)]
mod tests;
