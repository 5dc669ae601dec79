//! What an answer must be.

use std::collections::BTreeMap;

use regex_lite::Regex;
use windlass_sdk::prelude::*;

/// What an answer must be; everything that is named must hold.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Expect {
    /// One status or several of which one must be answered. Default: 200 to 299.
    pub status: Option<OneOrMore<u16>>,
    /// Headers that must be there and contain the text. Names in any case.
    pub headers: BTreeMap<String, String>,
    /// Where a redirect must lead: exactly this.
    pub location: Option<String>,
    /// Text that the body must contain.
    pub contains: Option<OneOrMore<String>>,
    /// Text that the body must not contain.
    pub lacks: Option<OneOrMore<String>>,
    /// A regular expression that must match somewhere in the body.
    pub matches: Option<String>,
    /// JSON pointers (RFC 6901) into the body, each with the value that must be there. Text may hold variables.
    pub json: BTreeMap<String, Value>,
    /// How long the whole answer may take. Default: 10 seconds.
    pub within: Option<Period>,
}

/// `200` or `[200, 204]`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMore<T> {
    /// One.
    One(T),
    /// Several.
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    /// All of them.
    pub(crate) fn all(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

impl Expect {
    /// How long the answer may take.
    pub(crate) fn within(&self) -> Period {
        self.within.unwrap_or(Period::seconds(10))
    }

    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(pattern) = &self.matches {
            Regex::new(pattern).map_err(|error| Error::config(format!("`matches` is not a pattern: {error}")))?;
        }
        match self.json.keys().find(|pointer| !pointer.is_empty() && !pointer.starts_with('/')) {
            Some(pointer) => Err(Error::config(format!("{pointer:?} is not a JSON pointer; write \"/{pointer}\""))),
            None => Ok(()),
        }
    }
}
