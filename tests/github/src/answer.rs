//! Requests and answers as the routes see them. Knows HTTP and nothing of GitHub's meaning but its way of making pages.

use serde_json::{Value, json};
use windlass_stand_in::{Header, Request, Response, decode, header, query};

/// What was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `GET`
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The query, decoded.
    pub query: Vec<(String, String)>,
    /// The value of `Authorization`.
    pub authorization: Option<String>,
    /// Whether there was a `User-Agent`, without which GitHub refuses.
    pub user_agent: bool,
    /// The body as JSON; null when there was none.
    pub body: Value,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers besides the content type.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Its type.
    pub content_type: &'static str,
}

impl Asked {
    /// Reads a request with its body.
    pub(crate) fn read(request: &mut Request) -> Self {
        let mut body = Vec::new();
        request.as_reader().read_to_end(&mut body).ok();
        let (path, asked) = request.url().split_once('?').unwrap_or((request.url(), ""));
        Self {
            method: request.method().to_string(),
            path: decode(path),
            query: query(asked),
            authorization: header(request, "Authorization"),
            user_agent: header(request, "User-Agent").is_some(),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }

    /// A parameter of the query.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, default: usize) -> usize {
        self.parameter(name).and_then(|text| text.parse().ok()).filter(|number| *number > 0).unwrap_or(default)
    }

    /// One page of items, and the `Link` header that leads to the next (30 items unless `per_page` says otherwise, at
    /// most 100).
    #[must_use]
    pub fn page(&self, address: &str, items: &[Value]) -> (Vec<Value>, Vec<(String, String)>) {
        let size = self.number("per_page", 30).min(100);
        let page = self.number("page", 1);
        let shown: Vec<Value> = items.iter().skip((page - 1) * size).take(size).cloned().collect();
        let mut headers = Vec::new();
        if page * size < items.len() {
            let next = page + 1;
            let link = format!("<{address}{}?per_page={size}&page={next}>; rel=\"next\"", self.path);
            headers.push(("Link".to_owned(), link));
        }
        (shown, headers)
    }
}

impl Answer {
    /// JSON.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
            content_type: "application/json; charset=utf-8",
        }
    }

    /// GitHub's form of an error.
    #[must_use]
    pub fn error(status: u16, message: &str) -> Self {
        let body = json!({
            "message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string(),
        });
        Self::json(status, &body)
    }

    /// GitHub's form of a refusal of what was sent.
    #[must_use]
    pub fn invalid(resource: &str, field: &str, code: &str) -> Self {
        let errors = json!([{ "resource": resource, "field": field, "code": code }]);
        let body = json!({
            "message": "Validation Failed", "errors": errors, "documentation_url": "https://docs.github.com/rest",
            "status": "422",
        });
        Self::json(422, &body)
    }

    /// Adds headers.
    #[must_use]
    pub fn with(mut self, headers: Vec<(String, String)>) -> Self {
        self.headers.extend(headers);
        self
    }

    pub(crate) fn send(self, request: Request) {
        let mut response = Response::from_data(self.body).with_status_code(self.status);
        let content_type = [("Content-Type".to_owned(), self.content_type.to_owned())];
        for (name, value) in content_type.iter().chain(&self.headers) {
            if let Ok(header) = Header::from_bytes(name.as_bytes(), value.as_bytes()) {
                response.add_header(header);
            }
        }
        request.respond(response).ok();
    }
}
