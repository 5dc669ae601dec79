//! What locks, the journal, pins, quarantine and the values of plugins are kept under: an application, or one under another
//! name beside it.
//!
//! It does not say what its objects on the engine are called: a label takes the text as it is, and names of containers,
//! networks, volumes, projects and images take no `@`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Kind;

/// An application as it is deployed on a host: `kudos`, the application itself, or `kudos@pr-123`, the same application
/// under another name, of which nothing is shared with it. The text is what is stored.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Instance {
    text: String,
    /// How long the application's name is.
    application: usize,
}

impl Instance {
    /// Parses `APPLICATION` or `APPLICATION@NAME`.
    ///
    /// # Errors
    /// A sentence that says what an instance is made of.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = Kind::Instance.parse(text)?;
        let application = text.find('@').unwrap_or(text.len());
        Ok(Self { text, application })
    }

    /// The application's name: its files, what is granted to it, and where it may come from are the same for all its
    /// instances.
    #[must_use]
    pub fn application(&self) -> &str {
        self.text.get(..self.application).unwrap_or(&self.text)
    }

    /// The name beside the application; none for the application itself.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.text.get(self.application + 1..)
    }

    /// The whole, as it is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.text)
    }
}

impl FromStr for Instance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Instance {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Instance> for String {
    fn from(instance: Instance) -> Self {
        instance.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_an_application_or_one_under_another_name() {
        let parts = |text: &str| {
            let instance = Instance::parse(text).unwrap();
            assert_eq!((instance.to_string().as_str(), instance.as_str()), (text, text));
            let stored = serde_json::to_value(&instance).unwrap();
            assert_eq!(stored, serde_json::json!(text), "it is stored as one text");
            assert_eq!(serde_json::from_value::<Instance>(stored).unwrap(), instance);
            (instance.application().to_owned(), instance.name().map(str::to_owned))
        };
        assert_eq!(parts("kudos"), ("kudos".to_owned(), None));
        assert_eq!(parts("kudos@pr-123"), ("kudos".to_owned(), Some("pr-123".to_owned())));
        let long = "a".repeat(63);
        assert_eq!(parts(&format!("{long}@{long}")), (long.clone(), Some(long)));
    }

    #[test]
    fn what_is_no_instance_is_refused_with_what_one_is_made_of() {
        let long = "a".repeat(64);
        for text in [
            "",
            "@",
            "kudos@",
            "@x",
            "a@b@c",
            "kudos@../x",
            "kudos@.",
            "Kudos",
            "kudos@Pr",
            "kudos@-x",
            "kudos @x",
            "kudos@x\n",
            "kudos/x",
            "kudos@x/y",
            &format!("kudos@{long}"),
            &format!("{long}@x"),
        ] {
            let said = Instance::parse(text).unwrap_err();
            assert!(said.contains("is not an application") && said.contains("at most 63"), "{said}");
            assert!(!said.contains(char::is_control), "{said}");
            assert!(serde_json::from_value::<Instance>(serde_json::json!(text)).is_err(), "{text:?}");
        }
    }
}
