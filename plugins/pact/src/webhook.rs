//! Has the broker send a webhook, and finds out for which contract it was sent.
//!
//! The broker's `pb:execute` takes no version: it fills the webhook's texts with the newest contract between the webhook's
//! consumer and provider, and with no version of the provider. Which one that was stands only in the request that the
//! broker shows afterwards, and only where the webhook's own texts say it. A request's body is never passed on, because
//! it may contain confidential data.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;
use windlass_sdk::http::encode;
use windlass_sdk::{Error, Result};

use crate::answer::{Answer, clip};
use crate::client::{Client, required};
use crate::hal::Resource;

/// A webhook of the broker.
#[derive(Debug, Clone, PartialEq)]
pub struct Webhook {
    id: String,
    resource: Resource,
}

/// A webhook was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// What its receiver answered, in short.
    pub answer: String,
    request: Value,
}

/// For which version of a consumer's contract with a provider a webhook was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The one that is asked about.
    Same,
    /// Another: its version where the request tells it, and the id of its content.
    Another {
        /// The consumer's version.
        version: Option<String>,
        /// What tells contents apart.
        content: Option<String>,
    },
    /// The request says nothing of it.
    Unsaid,
}

impl Client<'_> {
    /// A webhook by its id.
    pub fn webhook(&self, index: &Resource, id: &str) -> Result<Webhook> {
        let address = index.link("pb:webhook")?.expand(&[("uuid", id)])?;
        match self.get(&address)? {
            Answer::Missing(_) => Err(Error::new("not-found", format!("the broker has no webhook `{id}`"))
                .hint("`webhook` is the last part of the webhook's address at the broker")),
            answer => Ok(Webhook { id: id.to_owned(), resource: required("GET", answer, &address)? }),
        }
    }

    /// Has the broker send it now.
    pub fn execute(&self, webhook: &Webhook) -> Result<Sent> {
        let execute = webhook.resource.link("pb:execute")?.href;
        let done = required("POST", self.post(&execute, None)?, &execute)?;
        let status = done.0.pointer("/response/status").and_then(Value::as_u64);
        let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        if done.0.get("success").and_then(Value::as_bool) == Some(true) {
            let request = done.0.get("request").cloned().unwrap_or_default();
            return Ok(Sent { answer: format!("answered {status}"), request });
        }
        let id = &webhook.id;
        Err(Error::new("plugin:webhook-failed", format!("the broker sent the webhook `{id}` and got {status}"))
            .hint("the broker's page of the webhook shows the exchange"))
    }

    /// The id of a contract's content: two versions with the same one are verified together.
    pub fn content(&self, pact: &str) -> Result<Option<String>> {
        Ok(self.found(pact)?.links("pb:pact-version").into_iter().next().and_then(|link| link.name))
    }
}

impl Webhook {
    /// Whether it is for contracts between these two. A webhook may name its consumer, its provider, both, or neither.
    #[must_use]
    pub fn is_for(&self, consumer: &str, provider: &str) -> bool {
        let names = |side: &str, name: &str| {
            self.resource.0.pointer(side).and_then(Value::as_str).is_none_or(|named| named == name)
        };
        names("/consumer/name", consumer) && names("/provider/name", provider)
    }
}

impl Sent {
    /// For which version of a contract it was sent, by the contract's address or the consumer's version in the request.
    #[must_use]
    pub fn subject(&self, consumer: &str, version: &str, provider: &str) -> Subject {
        let mut texts = Vec::new();
        collect(&self.request, &mut texts);
        let beginning = format!("/pacts/provider/{}/consumer/{}/", encode(provider), encode(consumer));
        for text in &texts {
            let Some((_, rest)) = text.split_once(&beginning) else { continue };
            let end = rest.find(|c: char| c.is_whitespace() || "\"'<>?#&,;".contains(c)).unwrap_or(rest.len());
            let parts: Vec<&str> = rest.get(..end).unwrap_or_default().split('/').collect();
            let (told, content) = match parts.as_slice() {
                ["version", number, ..] => {
                    (Some(*number == encode(version)).map(|same| (same, (*number).to_owned())), None)
                }
                ["pact-version", content, rest @ ..] => {
                    let number = match rest {
                        ["metadata", encoded, ..] => consumer_version(encoded),
                        _ => None,
                    };
                    (number.map(|number| (number == encode(version), number)), Some(clip(content)))
                }
                _ => continue,
            };
            return match told {
                Some((true, _)) => Subject::Same,
                Some((false, other)) => Subject::Another { version: Some(clip(&other)), content },
                None => Subject::Another { version: None, content },
            };
        }
        if self.says(version) { Subject::Same } else { Subject::Unsaid }
    }

    /// Whether a text of the request is this one, and nothing else.
    #[must_use]
    pub fn says(&self, what: &str) -> bool {
        let mut texts = Vec::new();
        collect(&self.request, &mut texts);
        texts.contains(&what)
    }
}

/// Every text of a request.
fn collect<'a>(value: &'a Value, texts: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, texts)),
        _ => {}
    }
}

/// The consumer's version in the metadata of a contract's address, percent-encoded: base64 of `cvn=VERSION&w=true`.
fn consumer_version(metadata: &str) -> Option<String> {
    let plain = metadata.replace("%3D", "").replace("%2B", "+").replace("%2F", "/");
    let decoded = STANDARD_NO_PAD.decode(plain.trim_end_matches('=')).ok()?;
    let query = String::from_utf8(decoded).ok()?;
    let value = query.split('&').find_map(|pair| pair.strip_prefix("cvn="))?;
    Some(value.replace('+', "%20"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn subject(request: Value) -> Subject {
        Sent { answer: String::new(), request }.subject("Shop Web", "1.0 b", "Shop API")
    }

    #[test]
    fn the_request_tells_for_which_version_it_was_sent() {
        let at = |rest: &str| {
            json!({ "url": "/x", "body": { "client_payload":
                { "pact": format!("http://b/pacts/provider/Shop%20API/consumer/Shop%20Web/{rest}") } } })
        };
        let metadata = |version: &str| {
            format!("pact-version/c1/metadata/{}", STANDARD_NO_PAD.encode(format!("cvn={version}&w=true")))
        };
        let another = |version: Option<&str>, content: Option<&str>| Subject::Another {
            version: version.map(str::to_owned),
            content: content.map(str::to_owned),
        };
        assert_eq!(subject(at("version/1.0%20b")), Subject::Same);
        assert_eq!(subject(at("version/2")), another(Some("2"), None));
        assert_eq!(subject(at(&metadata("1.0+b"))), Subject::Same);
        assert_eq!(subject(at(&metadata("1.0%20b"))), Subject::Same);
        assert_eq!(subject(at(&metadata("2"))), another(Some("2"), Some("c1")));
        assert_eq!(subject(at("pact-version/c1")), another(None, Some("c1")));
        assert_eq!(
            subject(
                json!({ "body": "{\"pact\": \"http://b/pacts/provider/Shop%20API/consumer/Shop%20Web/version/2\"}" })
            ),
            another(Some("2"), None)
        );
    }

    #[test]
    fn a_request_may_name_the_version_or_nothing() {
        assert_eq!(subject(json!({ "body": { "consumerVersion": "1.0 b" } })), Subject::Same);
        assert_eq!(subject(json!({ "body": { "consumerVersion": "1.0 bc" } })), Subject::Unsaid);
        assert_eq!(subject(json!({ "body": "go" })), Subject::Unsaid);
    }

    #[test]
    fn a_webhook_is_for_whom_it_names() {
        let webhook = |resource: Value| Webhook { id: "w".to_owned(), resource: Resource(resource) };
        assert!(webhook(json!({})).is_for("A", "B"));
        assert!(webhook(json!({ "provider": { "name": "B" } })).is_for("A", "B"));
        assert!(!webhook(json!({ "consumer": { "name": "C" }, "provider": { "name": "B" } })).is_for("A", "B"));
    }
}
