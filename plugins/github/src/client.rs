//! Requests to one repository, and pages of lists.

use std::cell::Cell;
use std::time::Duration;

use serde_json::Value;
use windlass_sdk::http::{self, Request, Response};
use windlass_sdk::{Error, Result, secrets};

use crate::Settings;
use crate::answer::{Known, judge};

/// The most pages of one list; at 100 items each no commit has more, and a call may not ask much more often.
const MOST_PAGES: usize = 20;

/// How much of an answer is read.
const MOST_BYTES: usize = 8 << 20;

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);

type Send = dyn Fn(&Request) -> Result<Response>;

/// Asks about one repository.
pub struct Client<'a> {
    pub(crate) settings: &'a Settings,
    authorization: Option<String>,
    send: Box<Send>,
    /// Whether the repository itself was seen.
    seen: Cell<bool>,
}

/// What is read of a list, and whether there is more of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Pages {
    /// The items of the pages that were read.
    pub items: Vec<Value>,
    /// The first page without its items.
    pub first: Value,
    /// Whether there are more.
    pub more: bool,
}

impl std::fmt::Debug for Client<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<'a> Client<'a> {
    /// Through the host, with the token's placeholder.
    pub fn new(settings: &'a Settings) -> Result<Self> {
        let token = settings.token.as_deref().map(secrets::placeholder).transpose()?;
        let authorization = token.map(|token| format!("Bearer {token}"));
        Ok(Self { settings, authorization, send: Box::new(Request::send), seen: Cell::new(false) })
    }

    /// With answers of a test's own.
    pub fn with(settings: &'a Settings, send: impl Fn(&Request) -> Result<Response> + 'static) -> Self {
        Self { settings, authorization: None, send: Box::new(send), seen: Cell::new(false) }
    }

    /// The repository that it asks about.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.settings.repository
    }

    /// `GET` below `/repos/OWNER/NAME`; none where there is nothing of that name in a repository that can be seen.
    pub fn get(&self, path: &str) -> Result<Option<Value>> {
        let response = self.ask(Request::get(self.address(path)))?;
        self.known(judge(&response, path, self.settings)?)
    }

    /// `POST` below `/repos/OWNER/NAME`; none where there is nothing of that name.
    pub fn post(&self, path: &str, body: &Value) -> Result<Option<Value>> {
        let response = self.ask(Request::post_json(self.address(path), body)?)?;
        self.known(judge(&response, path, self.settings)?)
    }

    /// All items of a list, page by page; `key` is where an answer has them, none when the answer is the list.
    /// An answer that says `total_count` must have led to as many.
    pub fn list(&self, path: &str, key: Option<&str>) -> Result<Option<Vec<Value>>> {
        let Some(pages) = self.pages(path, key, MOST_PAGES)? else { return Ok(None) };
        if pages.more {
            let message = format!("the list at {path} has more than {MOST_PAGES} pages");
            return Err(Error::new("limit-exceeded", message));
        }
        complete(pages.items, &pages.first, path).map(Some)
    }

    /// The first pages of a list, as for [`Client::list`].
    pub fn pages(&self, path: &str, key: Option<&str>, most: usize) -> Result<Option<Pages>> {
        let mut items = Vec::new();
        let mut first = None;
        let mut address = self.address(path);
        for _ in 0..most {
            let response = self.ask(Request::get(&address))?;
            let Some(mut body) = self.known(judge(&response, path, self.settings)?)? else { return Ok(None) };
            let page = match key {
                Some(key) => body.get_mut(key).map(Value::take),
                None => Some(body.take()),
            };
            let Some(Value::Array(page)) = page else {
                return Err(Error::new(
                    "unavailable",
                    format!("what came from {path} is not what GitHub's API answers"),
                ));
            };
            items.extend(page);
            let first = first.get_or_insert(body);
            match response.header("link").and_then(next) {
                Some(next) => address = self.own(next)?,
                None => return Ok(Some(Pages { items, first: first.take(), more: false })),
            }
        }
        Ok(Some(Pages { items, first: first.unwrap_or_default(), more: true }))
    }

    /// GitHub answers 404 also for a repository that the token may not see, which says nothing about what is in it.
    fn known(&self, known: Known) -> Result<Option<Value>> {
        match known {
            Known::Body(body) => {
                self.seen.set(true);
                Ok(Some(body))
            }
            Known::Absent => Ok(None),
            Known::Unseen if self.seen.get() => Ok(None),
            Known::Unseen => {
                let response = self.ask(Request::get(self.address("")))?;
                if let Known::Body(_) = judge(&response, "the repository", self.settings)? {
                    self.seen.set(true);
                    return Ok(None);
                }
                let message = format!("GitHub shows no repository {}", self.settings.repository);
                Err(Error::new("not-found", message).hint(match &self.settings.token {
                    Some(name) => format!(
                        "correct `repository`, or let the token in the secret `{name}` read it: GitHub hides what a \
                         token may not see"
                    ),
                    None => "correct `repository`, or name a secret with a token in `token`: GitHub hides private \
                             repositories"
                        .to_owned(),
                }))
            }
        }
    }

    fn address(&self, path: &str) -> String {
        format!("{}/repos/{}{path}", self.settings.api.trim_end_matches('/'), self.settings.repository)
    }

    /// A token goes nowhere but to the API that was named.
    fn own(&self, next: &str) -> Result<String> {
        let api = self.settings.api.trim_end_matches('/');
        if next.strip_prefix(api).is_some_and(|rest| rest.starts_with('/')) {
            return Ok(next.to_owned());
        }
        Err(Error::new("unavailable", "the next page of a list is said to be at another server than `api`"))
    }

    fn ask(&self, request: Request) -> Result<Response> {
        let mut request = request
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .header("user-agent", "windlass")
            .timeout(TIMEOUT)
            .most(MOST_BYTES);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        (self.send)(&request).map_err(|error| error.context("GitHub gave no answer"))
    }
}

/// The address of the next page in a `Link` header (RFC 8288).
fn next(link: &str) -> Option<&str> {
    link.split(',').find_map(|entry| {
        let (target, parameters) = entry.trim().strip_prefix('<')?.split_once('>')?;
        parameters.split(';').any(|parameter| parameter.trim() == "rel=\"next\"").then_some(target)
    })
}

fn complete(items: Vec<Value>, body: &Value, path: &str) -> Result<Vec<Value>> {
    match body.get("total_count").and_then(Value::as_u64) {
        Some(total) if u64::try_from(items.len()).is_ok_and(|count| count < total) => {
            let message = format!("{path} lists {} of {total} items and names no next page", items.len());
            Err(Error::new("unavailable", message).retryable())
        }
        _ => Ok(items),
    }
}

/// Whether git could have something of that name (git-check-ref-format); what it could not have would change the path.
pub(crate) fn is_name(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.');
    let letter = |letter: char| letter.is_control() || letter.is_whitespace() || "~^:?*[\\".contains(letter);
    !name.starts_with('-') && !name.contains("..") && name.split('/').all(part) && !name.contains(letter)
}

/// A name of a commit, branch or tag as a part of a path: everything but unreserved characters and slashes is
/// percent-encoded.
#[must_use]
pub fn encode(name: &str) -> String {
    name.split('/').map(http::encode).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings() -> Settings {
        Settings { repository: "o/r".to_owned(), api: "http://a".to_owned(), token: None }
    }

    fn page(body: &Value, link: Option<&str>) -> Response {
        let headers = link.map(|link| ("link".to_owned(), link.to_owned())).into_iter().collect();
        Response { status: 200, headers, body: body.to_string().into(), truncated: false, took: Duration::ZERO }
    }

    #[test]
    fn pages_are_followed_and_must_be_complete() {
        let settings = settings();
        let client = Client::with(&settings, |request| {
            Ok(if request.url().ends_with("page=2") {
                page(&json!({ "total_count": 2, "all": [2] }), None)
            } else {
                page(
                    &json!({ "total_count": 2, "all": [1] }),
                    Some("<http://a/x?page=2>; rel=\"next\", <http://a/>; rel=\"last\""),
                )
            })
        });
        assert_eq!(client.list("/x", Some("all")).unwrap().unwrap(), [json!(1), json!(2)]);
        let client = Client::with(&settings, |_| Ok(page(&json!({ "total_count": 2, "all": [1] }), None)));
        assert!(client.list("/x", Some("all")).unwrap_err().message().contains("1 of 2"));
    }

    #[test]
    fn what_is_hidden_is_not_what_is_not_there() {
        let settings = settings();
        let answer = |hidden: bool| {
            move |request: &Request| {
                let seen = request.url().ends_with("/repos/o/r") && !hidden;
                let response = page(&json!({}), None);
                Ok(if seen { response } else { Response { status: 404, ..response } })
            }
        };
        assert_eq!(Client::with(&settings, answer(false)).get("/x").unwrap(), None);
        let error = Client::with(&settings, answer(true)).get("/x").unwrap_err();
        assert_eq!((error.code(), error.message()), ("not-found", "GitHub shows no repository o/r"));
    }

    #[test]
    fn no_token_goes_to_another_server() {
        let settings = settings();
        let client = Client::with(&settings, |_| Ok(page(&json!([]), Some("<http://a.example/x>; rel=\"next\""))));
        assert!(client.list("/x", None).unwrap_err().message().contains("another server"));
    }

    #[test]
    fn names_are_encoded_and_lead_to_no_other_path() {
        for name in ["", "..", "a/../b", "/a", "a/", "a//b", "-x", "a b", "a?b", ".a"] {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(is_name("release/2026.02.1+x") && is_name("a@b"));
        assert_eq!(encode("release/1 #ä"), "release/1%20%23%C3%A4");
    }
}
