//! The parts of an address that `wasi:http` wants one by one.

use crate::{Error, Result};

/// A URL in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    /// Whether TLS is used.
    pub(crate) tls: bool,
    /// Host and port as written.
    pub(crate) authority: &'a str,
    /// Path and query, starting with `/`.
    pub(crate) path: String,
}

impl<'a> Address<'a> {
    /// Reads `http://` and `https://` addresses. A fragment is dropped; user and password are refused, because they
    /// would be in every log.
    pub(crate) fn parse(url: &'a str) -> Result<Self> {
        let bad = |why: &str| Error::new("invalid-argument", format!("{url:?} is not an address to send to: {why}"));
        let (tls, rest) = if let Some(rest) = url.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = url.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err(bad("it must start with http:// or https://"));
        };
        if url.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(bad("it has spaces or control characters"));
        }
        let rest = rest.split('#').next().unwrap_or(rest);
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.is_empty() {
            return Err(bad("the host is missing"));
        }
        if authority.contains('@') {
            return Err(bad("user and password do not belong in it; use a header with a secret"));
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { tls, authority, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_apart() {
        for (url, tls, authority, path) in [
            ("http://a", false, "a", "/"),
            ("https://a:8443/x?y=1#z", true, "a:8443", "/x?y=1"),
            ("http://[::1]:80?q", false, "[::1]:80", "/?q"),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!((address.tls, address.authority, address.path.as_str()), (tls, authority, path), "{url}");
        }
    }

    #[test]
    fn what_cannot_be_sent_to_is_refused() {
        for url in ["", "a", "ftp://a", "http://", "http:///x", "http://user:pw@a/", "http://a b/", "http://a/\n"] {
            assert_eq!(Address::parse(url).unwrap_err().code(), "invalid-argument", "{url}");
        }
    }
}
