//! Errors of plugins: any standard error with `?`, or one with a code, a hint and facts.
//!
//! The operator reads the message; the host branches on the code and on `retryable`.

use std::fmt;

use serde_json::{Map, Value};

use crate::bindings::imports::windlass::plugin::common as wit;
use crate::documents::Failure;

/// What plugin functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call gave no answer. Every `std::error::Error` converts with `?` and gets the code `internal`.
///
/// Like `anyhow::Error` it is not itself a `std::error::Error`, which is what allows the conversion.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    /// Boxed so that results stay small.
    failure: Box<Failure>,
}

impl Error {
    /// An error with a code to branch on and one sentence for the operator.
    ///
    /// Known codes are listed in `wit/0.2/common.wit`; a plugin's own start with `plugin:`.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::from_failure(Failure { code: code.into(), message: message.into(), retryable: false, details: None })
    }

    /// An error that the plugin's author did not foresee.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("internal", message)
    }

    /// The configuration makes no sense.
    #[must_use]
    pub fn config(message: impl Into<String>) -> Self {
        Self::new("invalid-config", message)
    }

    /// The failure that a document or another call carries.
    #[must_use]
    pub fn from_failure(failure: Failure) -> Self {
        Self { failure: Box::new(failure) }
    }

    /// The same, for those who write it down.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        *self.failure
    }

    /// What to branch on.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.failure.code
    }

    /// The sentence for the operator.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.failure.message
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.failure.retryable
    }

    /// Facts for machines, where there are any.
    #[must_use]
    pub fn details(&self) -> Option<&Value> {
        self.failure.details.as_ref()
    }

    /// Whether what was asked for is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.failure.code == "not-found"
    }

    /// Marks that the same call may succeed later.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.failure.retryable = true;
        self
    }

    /// Says what the operator can do next.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        self.detail("hint", Value::String(hint.into()))
    }

    /// What the operator can do next, where it was said.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.details()?.get("hint")?.as_str()
    }

    /// Says after how many seconds at the earliest the same call may succeed, where that is known.
    #[must_use]
    pub fn after(self, seconds: Option<u64>) -> Self {
        match seconds {
            Some(seconds) => self.detail("retry-after", seconds.into()),
            None => self,
        }
    }

    /// Adds a fact for machines.
    #[must_use]
    pub fn detail(mut self, name: &str, value: Value) -> Self {
        let details = self.failure.details.get_or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(fields) = details {
            fields.insert(name.to_owned(), value);
        }
        self
    }

    /// Says in front what was being done: `cannot read the plan: …`.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.failure.message = format!("{what}: {}", self.failure.message);
        self
    }

    /// What the host answered.
    pub(crate) fn from_wit(failure: wit::Failure) -> Self {
        let details = failure.details.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        Self::from_failure(Failure {
            code: failure.code,
            message: failure.message,
            retryable: failure.retryable,
            details,
        })
    }

    /// For the host.
    pub(crate) fn into_wit(self) -> wit::Failure {
        let Failure { code, message, retryable, details } = *self.failure;
        wit::Failure { code, message, retryable, details: details.map(|details| details.to_string()) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.failure.message)
    }
}

impl<E: std::error::Error> From<E> for Error {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            cause = error.source();
        }
        Self::internal(message)
    }
}

/// Asks the host. Outside the sandbox there is none, which is an error and not a crash, so that unit tests can tell.
pub(crate) fn ask<T>(call: impl FnOnce() -> std::result::Result<T, wit::Failure>) -> Result<T> {
    if cfg!(target_family = "wasm") {
        call().map_err(Error::from_wit)
    } else {
        Err(Error::new("unsupported", "there is no host outside the sandbox"))
    }
}

/// Like [`ask`], for answers that are JSON.
pub(crate) fn ask_json<T: serde::de::DeserializeOwned>(
    call: impl FnOnce() -> std::result::Result<String, wit::Failure>,
) -> Result<T> {
    Ok(serde_json::from_str(&ask(call)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standard_error_keeps_its_causes() {
        #[derive(Debug)]
        struct Outer(std::num::ParseIntError);
        impl fmt::Display for Outer {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("cannot read the port")
            }
        }
        impl std::error::Error for Outer {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        let error = Error::from(Outer("x".parse::<u16>().unwrap_err()));
        assert_eq!(error.message(), "cannot read the port: invalid digit found in string");
        assert_eq!(error.code(), "internal");
    }

    #[test]
    fn details_survive_the_way_to_the_host_and_back() {
        let error = Error::new("plugin:closed", "the window is closed").retryable().hint("wait until Monday");
        assert_eq!(Error::from_wit(error.clone().into_wit()), error);
    }
}
