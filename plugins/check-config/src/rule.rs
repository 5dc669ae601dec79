//! What a value must be.

use regex_lite::Regex;
use windlass_sdk::prelude::*;

use crate::kind::Kind;

/// What a value must be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Rule {
    /// What it is: `url`, `port`, `host`, `integer`, `bool` or `email`.
    pub kind: Option<Kind>,
    /// A regular expression that the whole value matches.
    pub pattern: Option<String>,
    /// The values that are allowed.
    pub one_of: Option<Vec<String>>,
    /// Whether it must be there and not be empty.
    pub required: bool,
    /// Whether it must come from a secret; its value is never shown then.
    pub secret: bool,
}

impl Default for Rule {
    fn default() -> Self {
        Self { kind: None, pattern: None, one_of: None, required: true, secret: false }
    }
}

impl Rule {
    /// What a schema cannot say.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(pattern) = &self.pattern {
            whole(pattern)?;
        }
        if self.one_of.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::config("`one-of` allows nothing"));
        }
        if self.secret && (self.kind.is_some() || self.pattern.is_some() || self.one_of.is_some()) {
            return Err(Error::config(
                "a check never sees the value of a secret: leave `kind`, `pattern` and `one-of` out",
            ));
        }
        Ok(())
    }

    /// What is wrong with a value, in words that do not repeat it; none when nothing is.
    pub(crate) fn broken(&self, value: Option<&str>) -> Result<Option<String>> {
        let Some(value) = value else {
            return Ok(self.required.then(|| "is not set".to_owned()));
        };
        if value.is_empty() {
            return Ok(self.required.then(|| "is empty".to_owned()));
        }
        if let Some(kind) = self.kind.filter(|kind| !kind.fits(value)) {
            return Ok(Some(format!("is not {}", kind.words())));
        }
        if let Some(allowed) = self.one_of.as_ref().filter(|allowed| !allowed.iter().any(|one| one == value)) {
            return Ok(Some(format!("is none of {}", allowed.join(", "))));
        }
        if let Some(pattern) = &self.pattern
            && !whole(pattern)?.is_match(value)
        {
            return Ok(Some(format!("does not match `{pattern}`")));
        }
        Ok(None)
    }
}

fn whole(pattern: &str) -> Result<Regex> {
    Regex::new(&format!(r"\A(?:{pattern})\z"))
        .map_err(|error| Error::config(format!("`pattern` is not a regular expression: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_without_the_value() {
        let rule = |rule: Value| Rule::deserialize(rule).unwrap();
        let broken = |given: Value, value: Option<&str>| rule(given).broken(value).unwrap();
        assert_eq!(broken(json!({}), None).as_deref(), Some("is not set"));
        assert_eq!(broken(json!({}), Some("")).as_deref(), Some("is empty"));
        assert_eq!(broken(json!({ "required": false, "kind": "port" }), Some("")), None);
        assert_eq!(broken(json!({ "pattern": "a|b" }), Some("ab")).as_deref(), Some("does not match `a|b`"));
        assert_eq!(broken(json!({ "one-of": ["x", "y"] }), Some("hunter22")).as_deref(), Some("is none of x, y"));
        assert_eq!(broken(json!({ "kind": "port" }), Some("8080")), None);
        assert!(rule(json!({ "secret": true, "kind": "url" })).check().is_err());
    }
}
