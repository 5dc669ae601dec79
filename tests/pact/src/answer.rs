//! Requests and answers as the routes see them: HTTP, the broker's types, and its two forms of an error.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use windlass_stand_in::{Header, Request, Response, decode, header, query};

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET`
    pub method: String,
    /// The segments of the path, decoded one by one: a name may have an encoded `/`.
    pub path: Vec<String>,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The value of `Accept`.
    pub accept: Option<String>,
    /// The value of `Authorization`.
    pub authorization: Option<String>,
    /// The value of `Content-Type`.
    pub kind: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// Method and path as they came, for the list of what was asked.
    pub line: String,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long it takes.
    pub delay: Duration,
}

impl Asked {
    /// Reads a request with its body.
    pub(crate) fn read(request: &mut Request) -> Self {
        let mut body = Vec::new();
        request.as_reader().read_to_end(&mut body).ok();
        let (path, asked) = request.url().split_once('?').unwrap_or((request.url(), ""));
        Self {
            method: request.method().to_string(),
            path: path.split('/').filter(|part| !part.is_empty()).map(decode).collect(),
            query: query(asked),
            accept: header(request, "Accept"),
            authorization: header(request, "Authorization"),
            kind: header(request, "Content-Type"),
            body,
            line: format!("{} {}", request.method(), request.url()),
        }
    }

    /// A parameter of the query.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// User and password of basic authentication (RFC 7617).
    #[must_use]
    pub fn basic(&self) -> Option<(String, String)> {
        let encoded = self.authorization.as_deref()?.strip_prefix("Basic ")?;
        let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        decoded.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    fn accepts(&self, kind: &str) -> bool {
        self.accept.as_deref().is_some_and(|accept| accept.contains(kind))
    }

    /// The broker speaks HAL and problem details; to who takes neither it answers 406.
    pub(crate) fn is_acceptable(&self) -> bool {
        self.accept.is_none()
            || ["application/hal+json", "application/problem+json", "*/*"].iter().any(|kind| self.accepts(kind))
    }
}

impl Answer {
    /// HAL.
    #[must_use]
    pub fn hal(status: u16, body: &Value) -> Self {
        Self::typed(status, "application/hal+json;charset=utf-8", body)
    }

    fn typed(status: u16, kind: &str, body: &Value) -> Self {
        Self { body: body.to_string().into_bytes(), ..Self::empty(status).with("Content-Type", kind) }
    }

    /// Nothing but a status.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), delay: Duration::ZERO }
    }

    /// What no route leads to, and what a resource of a route does not find.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::typed(404, "application/json;charset=utf-8", &json!({ "error": "nothing is here" }))
    }

    /// A pacticipant or an environment that is not there.
    #[must_use]
    pub fn missing(asked: &Asked, text: &str) -> Self {
        if asked.accepts("application/problem+json") {
            let kind = format!("{}/problem/not-found", "http://127.0.0.1");
            return Self::problem(404, &json!({ "title": "Not there", "type": kind, "detail": text, "status": 404 }));
        }
        Self::hal(404, &json!({ "error": text }))
    }

    /// A request that makes no sense. The matrix lists what is wrong; other resources say in which field it is.
    #[must_use]
    pub fn invalid(asked: &Asked, field: Option<&str>, text: &str) -> Self {
        if asked.accepts("application/problem+json") {
            let kind = "http://127.0.0.1/problems/invalid";
            let mut error = json!({ "type": kind, "title": "Wrong", "detail": text });
            if let (Some(field), Some(error)) = (field, error.as_object_mut()) {
                error.insert("pointer".to_owned(), json!(format!("/{field}")));
            }
            let body = json!({ "title": "Wrong", "type": kind, "status": 400, "instance": "/", "errors": [error] });
            return Self::problem(400, &body);
        }
        let errors = match field {
            Some(field) => json!({ field: [text] }),
            None => json!([text]),
        };
        Self::hal(400, &json!({ "errors": errors }))
    }

    /// The broker's own trouble.
    #[must_use]
    pub fn broken(asked: &Asked) -> Self {
        let text = "something broke; the log has it under Xy12";
        if asked.accepts("application/problem+json") {
            let kind = "http://127.0.0.1/problems/server-error";
            return Self::problem(500, &json!({ "title": "Broke", "type": kind, "detail": text, "status": 500 }));
        }
        Self::hal(500, &json!({ "error": { "message": text, "reference": "Xy12" } }))
    }

    fn problem(status: u16, body: &Value) -> Self {
        Self::typed(status, "application/problem+json;charset=utf-8", body)
    }

    /// A page for people.
    #[must_use]
    pub fn html(status: u16) -> Self {
        let body = b"<html><head><title>Sign in</title></head><body>Password: <input></body></html>".to_vec();
        Self { body, ..Self::empty(status).with("Content-Type", "text/html; charset=utf-8") }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn send(self, request: Request) {
        std::thread::sleep(self.delay);
        let mut response = Response::from_data(self.body).with_status_code(self.status);
        for (name, value) in &self.headers {
            if let Ok(header) = Header::from_bytes(name.as_bytes(), value.as_bytes()) {
                response.add_header(header);
            }
        }
        request.respond(response).ok();
    }
}

/// A name as one segment of a path.
pub(crate) fn encode(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(["%".to_owned(), format!("{byte:02X}")]);
        }
    }
    encoded
}
