//! HAL (draft-kelly-json-hal): links by relation and name, and templates with `{name}` as the broker uses them.

use serde_json::Value;
use windlass_sdk::http::encode;
use windlass_sdk::{Error, Result};

/// A resource with links.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource(pub Value);

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What tells several of one relation apart: an environment's name.
    pub name: Option<String>,
    /// The address, which may be a template.
    pub href: String,
}

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Resource {
    /// The links of a relation, in order; none where it has none.
    #[must_use]
    pub fn links(&self, relation: &str) -> Vec<Link> {
        let found = self.0.get("_links").and_then(|links| links.get(relation));
        let each = |value: &Value| {
            let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
            Some(Link { name: text("name"), href: text("href")? })
        };
        match found {
            Some(Value::Array(links)) => links.iter().filter_map(each).collect(),
            Some(link) => each(link).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// The link of a relation.
    pub fn link(&self, relation: &str) -> Result<Link> {
        self.links(relation).into_iter().next().ok_or_else(|| {
            Error::new("unsupported", format!("the broker's answer has no link `{relation}`"))
                .hint("is `broker.url` the address of a Pact Broker's index, and is the broker 2.80 or newer?")
        })
    }

    /// A text that the resource must have.
    pub fn text(&self, pointer: &str) -> Result<&str> {
        self.0.pointer(pointer).and_then(Value::as_str).ok_or_else(|| {
            Error::new("unavailable", format!("the broker's answer has no text at `{pointer}`")).retryable()
        })
    }

    /// A list below `_embedded`.
    pub fn embedded(&self, name: &str) -> Result<Vec<Self>> {
        let found = self.0.get("_embedded").and_then(|embedded| embedded.get(name)).and_then(Value::as_array);
        let list = found.ok_or_else(|| {
            Error::new("unavailable", format!("the broker's answer has no list `{name}`")).retryable()
        })?;
        Ok(list.iter().cloned().map(Self).collect())
    }
}

impl Link {
    /// The address with every `{name}` replaced, percent-encoded.
    pub fn expand(&self, values: &[(&str, &str)]) -> Result<String> {
        let mut address = String::with_capacity(self.href.len());
        let mut rest = self.href.as_str();
        while let Some((before, after)) = rest.split_once('{') {
            let bad = || Error::new("unsupported", format!("the broker's link {:?} is no template we know", self.href));
            let (name, after) = after.split_once('}').ok_or_else(bad)?;
            let (_, value) = values.iter().find(|(known, _)| *known == name).ok_or_else(bad)?;
            address.push_str(before);
            address.push_str(&encode(value));
            rest = after;
        }
        address.push_str(rest);
        Ok(address)
    }
}

impl Origin {
    /// Of an `http` or `https` address; a port that is the scheme's own is left out.
    pub(crate) fn of(address: &str) -> Option<Self> {
        let (scheme, rest) = address.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let authority = rest.split(['/', '?', '#']).next()?.to_ascii_lowercase();
        let default = match scheme.as_str() {
            "http" => ":80",
            "https" => ":443",
            _ => return None,
        };
        if authority.is_empty() || authority.contains(['@', '\\']) {
            return None;
        }
        Some(Self(format!("{scheme}://{}", authority.strip_suffix(default).unwrap_or(&authority))))
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn links_are_found_by_relation_and_name() {
        let resource = Resource(json!({ "_links": {
            "self": { "href": "http://a" }, "pb:record-deployment": [{ "name": "uat", "href": "http://a/1" }, {}],
        } }));
        assert_eq!(resource.link("self").unwrap().href, "http://a");
        assert_eq!(resource.links("pb:record-deployment")[0].name.as_deref(), Some("uat"));
        assert_eq!(resource.links("pb:record-deployment").len(), 1);
        assert!(resource.link("pb:environments").unwrap_err().message().contains("`pb:environments`"));
    }

    #[test]
    fn templates_are_filled_with_encoded_names() {
        let link = Link { name: None, href: "http://a/p/{pacticipant}/v/{version}".to_owned() };
        let filled = link.expand(&[("pacticipant", "team/svc a"), ("version", "1.0+b")]).unwrap();
        assert_eq!(filled, "http://a/p/team%2Fsvc%20a/v/1.0%2Bb");
        assert!(link.expand(&[("version", "1")]).is_err());
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let same = |one: &str, other: &str| Origin::of(one) == Origin::of(other) && Origin::of(one).is_some();
        assert!(same("https://Broker.example", "https://broker.example:443/x?y"));
        assert!(!same("https://broker.example", "http://broker.example"));
        assert!(!same("https://broker.example", "https://broker.example.evil/"));
        assert!(!same("https://broker.example", "https://broker.example:8443"));
        assert_eq!(Origin::of("https://broker.example@evil/"), None);
        assert_eq!(Origin::of("file:///etc/passwd"), None);
    }
}
