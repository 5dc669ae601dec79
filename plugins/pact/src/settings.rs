//! The part of a `with` table that says where the broker is and as whom it is asked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Deserialize;
use windlass_sdk::{Error, Result, http, secrets};

use crate::hal::Origin;

/// A Pact Broker, or `PactFlow`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Where its index is: `https://broker.example`.
    #[schemars(extend("format" = "uri"))]
    pub url: String,
    /// The name of the secret that is the user's name (HTTP basic authentication).
    #[serde(default)]
    #[schemars(extend("format" = "secret-name"))]
    pub username: Option<String>,
    /// The name of the secret that is the password.
    #[serde(default)]
    #[schemars(extend("format" = "secret-name"))]
    pub password: Option<String>,
    /// The name of the secret that is a bearer token: for `PactFlow`, or a proxy that asks for one. The open-source
    /// broker knows basic authentication only.
    #[serde(default)]
    #[schemars(extend("format" = "secret-name"))]
    pub token: Option<String>,
}

/// As whom the broker is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Nobody,
    User,
    Token,
}

impl Settings {
    /// What a schema cannot say.
    pub fn check(&self) -> Result<()> {
        http::Request::get(&self.url).check().map_err(|error| error.context("`broker.url`"))?;
        if self.url.contains(['?', '#']) {
            return Err(Error::config(format!(
                "`broker.url` must not have a query or a fragment, but is {:?}",
                self.url
            )));
        }
        match (&self.username, &self.password, &self.token) {
            (Some(_), Some(_), None) | (None, None, _) => Ok(()),
            (_, _, Some(_)) => Err(Error::config("`broker` has a `token` and a `username` or `password`")
                .hint("PactFlow takes a token, the open-source broker a user and a password; name one kind")),
            _ => Err(Error::config("`broker` has one of `username` and `password`, but not the other")),
        }
    }

    pub(crate) fn who(&self) -> Who {
        match (&self.username, &self.token) {
            (_, Some(_)) => Who::Token,
            (Some(_), None) => Who::User,
            (None, None) => Who::Nobody,
        }
    }

    /// Which secrets an operator should look at, as a fragment.
    pub(crate) fn secrets(&self) -> String {
        match (&self.username, &self.password, &self.token) {
            (_, _, Some(token)) => format!("the token in the secret `{token}`"),
            (Some(user), Some(password), None) => {
                format!("the user and password in the secrets `{user}` and `{password}`")
            }
            _ => "requests without a user".to_owned(),
        }
    }

    /// The value of `Authorization`, with placeholders.
    pub(crate) fn authorization(&self) -> Result<Option<String>> {
        if let Some(token) = &self.token {
            return Ok(Some(format!("Bearer {}", secrets::placeholder(token)?)));
        }
        let (Some(user), Some(password)) = (&self.username, &self.password) else { return Ok(None) };
        let pair = format!("{}:{}", secrets::placeholder(user)?, secrets::placeholder(password)?);
        Ok(Some(format!("Basic {}", STANDARD.encode(pair))))
    }

    pub(crate) fn origin(&self) -> Option<Origin> {
        Origin::of(&self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_login_and_two_logins_are_refused() {
        let settings = |username: Option<&str>, password: Option<&str>, token: Option<&str>| Settings {
            url: "https://broker.example".to_owned(),
            username: username.map(str::to_owned),
            password: password.map(str::to_owned),
            token: token.map(str::to_owned),
        };
        assert!(settings(None, None, None).check().is_ok());
        assert!(settings(Some("u"), Some("p"), None).check().is_ok());
        assert!(settings(None, None, Some("t")).check().is_ok());
        assert!(settings(Some("u"), None, None).check().is_err());
        assert!(settings(Some("u"), Some("p"), Some("t")).check().is_err());
        let named = Settings { url: "broker.example".to_owned(), ..settings(None, None, None) };
        assert!(named.check().unwrap_err().message().starts_with("`broker.url`"));
    }
}
