//! The `with` table.

use std::collections::BTreeMap;

use windlass_records::{check, check_json};
use windlass_sdk::prelude::*;

/// Where events go, and in which form.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The address, a template: `{secret:NAME}` and facts may stand in its path and query.
    #[schemars(extend("format" = "uri"))]
    pub url: String,
    /// `POST` unless something else is said.
    #[serde(default = "post")]
    pub method: String,
    /// Headers, whose values are templates that may hold `{secret:NAME}`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The JSON body, a template. Default: the whole event.
    #[serde(default)]
    pub body: Option<Value>,
    /// A message for a chat, instead of `body`.
    #[serde(default)]
    pub template: Option<Template>,
    /// Which outcomes are sent; all when nothing is listed.
    #[serde(default)]
    pub on: Vec<Outcome>,
    /// The header with the event's idempotency key, which is the same for every attempt; none when empty.
    #[serde(default = "idempotency_key")]
    pub idempotency_header: String,
    /// A signature of the body in a header.
    #[serde(default)]
    pub sign: Option<Sign>,
    /// How long the server may take to answer.
    #[serde(default = "ten_seconds")]
    pub timeout: Period,
}

/// Messages that chats understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Template {
    /// An incoming webhook of Slack: blocks.
    Slack,
    /// A workflow of Microsoft Teams: an Adaptive Card.
    Teams,
    /// An incoming webhook of Mattermost: an attachment.
    Mattermost,
}

/// HMAC-SHA256 (RFC 2104) of the body.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sign {
    /// The secret that is the key. Its value is needed here: `reveal = ["NAME"]` in the grant.
    #[schemars(extend("format" = "revealed-secret-name"))]
    pub secret: String,
    /// The header's name.
    #[serde(default = "signature")]
    pub header: String,
    /// What stands in front of the signature.
    #[serde(default = "sha256")]
    pub prefix: String,
    /// How the signature is written.
    #[serde(default)]
    pub encoding: Encoding,
}

/// How bytes are written in a header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Hexadecimal digits in lower case.
    #[default]
    Hex,
    /// Base64 with padding (RFC 4648).
    Base64,
}

fn post() -> String {
    "POST".to_owned()
}

fn idempotency_key() -> String {
    "Idempotency-Key".to_owned()
}

fn signature() -> String {
    "X-Windlass-Signature".to_owned()
}

fn sha256() -> String {
    "sha256=".to_owned()
}

fn ten_seconds() -> Period {
    Period::seconds(10)
}

impl Config {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        check(&self.url, true).map_err(|error| error.context("`url`"))?;
        http::Request::new(&self.method, &self.url)
            .check()
            .map_err(|error| Error::config(error.message().to_owned()))?;
        let server = server(&self.url);
        if server.contains(['{', '}']) {
            return Err(Error::config(format!("the server in `url` is {server:?}, which is a template")).hint(
                "templates can stand in path and query; which server it is, is for the release file and the grant",
            ));
        }
        if self.body.is_some() && self.template.is_some() {
            return Err(Error::config("has both `body` and `template`; one is enough"));
        }
        if let Some(body) = &self.body {
            check_json(body).map_err(|error| error.context("`body`"))?;
        }
        let method = |letter: char| letter.is_ascii_uppercase();
        if self.method.is_empty() || !self.method.to_ascii_uppercase().chars().all(method) {
            return Err(Error::config(format!("`method` is {:?}, which is none", self.method)));
        }
        for (name, value) in &self.headers {
            check_header(name)?;
            check(value, true).map_err(|error| error.context(format!("`headers.{name}`")))?;
        }
        if !self.idempotency_header.is_empty() {
            check_header(&self.idempotency_header)?;
        }
        if let Some(sign) = &self.sign {
            check_header(&sign.header)?;
        }
        Ok(())
    }
}

/// Scheme, host and port as written.
pub(crate) fn server(url: &str) -> &str {
    let start = url.find("://").map_or(0, |place| place + 3);
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |place| start + place);
    &url[..end]
}

/// A token (RFC 9110 section 5.6.2).
fn check_header(name: &str) -> Result<()> {
    let token = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
    if name.is_empty() || !name.chars().all(token) {
        return Err(Error::config(format!("{name:?} is not the name of a header")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_said_before_anything_is_touched() {
        let url = "https://hooks.example/x";
        for (with, word) in [
            (json!({ "url": "hooks.example" }), "https://"),
            (json!({ "url": "https://{application}.example/" }), "which server"),
            (json!({ "url": "https://{secret:host}/x" }), "which server"),
            (json!({ "url": "https://a/{nothing}" }), "`url`"),
            (json!({ "url": "https://a/{secret:}" }), "names no secret"),
            (json!({ "url": url, "body": {}, "template": "slack" }), "one is enough"),
            (json!({ "url": url, "body": { "a": ["{secret:token}"] } }), "no place here"),
            (json!({ "url": url, "headers": { "a b": "c" } }), "name of a header"),
            (json!({ "url": url, "headers": { "a": "{c" } }), "`headers.a`"),
            (json!({ "url": url, "method": "P OST" }), "`method`"),
            (json!({ "url": url, "sign": { "secret": "key", "header": "" } }), "name of a header"),
        ] {
            let error = Config::deserialize(with.clone()).unwrap().check().unwrap_err();
            let hint = error.details().map(Value::to_string).unwrap_or_default();
            assert!(error.message().contains(word) || hint.contains(word), "{with}: {error}");
        }
    }
}
