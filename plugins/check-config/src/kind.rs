//! Kinds of values, and whether a text is one.

use std::net::IpAddr;
use std::str::FromStr as _;

use email_address::EmailAddress;
use url::{Host, Url};
use windlass_sdk::prelude::*;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An absolute address: `https://example.org/x`, `postgres://db:5432/kudos`.
    Url,
    /// 1 to 65535.
    Port,
    /// A host's name or address.
    Host,
    /// A whole number.
    Integer,
    /// `true`, `false`, `yes`, `no`, `on`, `off`, `1` or `0`.
    Bool,
    /// An e-mail address.
    Email,
}

impl Kind {
    /// Whether a text is one.
    pub(crate) fn fits(self, text: &str) -> bool {
        match self {
            Self::Url => text.contains("://") && Url::parse(text).is_ok_and(|url| !url.cannot_be_a_base()),
            Self::Port => digits(text) && text.parse::<u16>().is_ok_and(|port| port > 0),
            Self::Host => is_host(text),
            Self::Integer => digits(text.strip_prefix('-').unwrap_or(text)) && text.parse::<i64>().is_ok(),
            Self::Bool => {
                let words = ["true", "false", "yes", "no", "on", "off", "1", "0"];
                words.iter().any(|word| word.eq_ignore_ascii_case(text))
            }
            Self::Email => EmailAddress::from_str(text).is_ok() && !text.contains(['<', '"']),
        }
    }

    /// What it is called in reports.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Url => "an absolute URL",
            Self::Port => "a port",
            Self::Host => "a host",
            Self::Integer => "a whole number",
            Self::Bool => "a boolean",
            Self::Email => "an e-mail address",
        }
    }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
        || (text.len() <= 253 && text.is_ascii() && !text.contains("..") && Host::parse(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_they_are() {
        for (kind, good, bad) in [
            (
                Kind::Url,
                vec!["https://a.example/x?y", "postgres://u:p@db:5432/k", "sqlite:///data/db"],
                vec!["a.example", "mailto:a@b.c", "https://", "http://a b/"],
            ),
            (Kind::Port, vec!["1", "65535", "8080"], vec!["0", "65536", "+80", "80 ", "", "http"]),
            (
                Kind::Host,
                vec!["db", "a.example", "10.0.0.1", "::1", "[::1]"],
                vec!["a b", "", "a..b", "https://a", "a/b", "a:80"],
            ),
            (Kind::Integer, vec!["0", "-12", "007"], vec!["1.5", "+1", "-", "", "99999999999999999999"]),
            (Kind::Bool, vec!["true", "No", "ON", "0"], vec!["", "2", "ja"]),
            (
                Kind::Email,
                vec!["me@example.org", "a.b+c@d.example"],
                vec!["me", "@example.org", "a@", "Me <me@example.org>", "a b@c.d"],
            ),
        ] {
            for text in good {
                assert!(kind.fits(text), "{kind:?} {text}");
            }
            for text in bad {
                assert!(!kind.fits(text), "{kind:?} {text}");
            }
        }
    }
}
