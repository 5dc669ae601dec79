//! Headers on their way out and in: placeholders replaced, the connection's own left out, sizes bounded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use windlass_config::Origin;
use windlass_config::document::printable;
use windlass_domain::Failure;
use windlass_foundation::redact::Redactor;
use zeroize::Zeroizing;

use crate::failure::failure;
use crate::secrets::{PluginSecrets, mentions_secret};

/// Headers that belong to a connection (RFC 9110 section 7.6.1) or are made from the address.
const OURS: [HeaderName; 9] = [
    header::HOST,
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::PROXY_AUTHORIZATION,
    header::PROXY_AUTHENTICATE,
    HeaderName::from_static("keep-alive"),
];

/// Headers that ask for an answer in which a value cannot be found: in pieces, or encoded.
const HIDING: [HeaderName; 4] =
    [header::RANGE, header::IF_RANGE, header::ACCEPT_ENCODING, HeaderName::from_static("a-im")];

/// A plugin's headers, ready to be sent to a server. Where its answers are `searched` for secret values, it is asked for
/// them whole and plain; a server need not heed such headers, so that leaving them out is within the protocol.
pub(super) fn outgoing(
    given: &HeaderMap,
    secrets: &PluginSecrets,
    origin: &Origin,
    limit: u64,
    searched: bool,
) -> Result<HeaderMap, Failure> {
    check_size(given, limit)?;
    let mut headers = HeaderMap::with_capacity(given.len());
    for (name, value) in given {
        if OURS.contains(name) || (searched && HIDING.contains(name)) {
            continue;
        }
        headers.append(name.clone(), fill(name, value, secrets, origin)?);
    }
    if searched {
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    Ok(headers)
}

/// Whether values could be found in an answer. The error is a fragment: what the answer is.
pub(super) fn readable(status: StatusCode, headers: &HeaderMap) -> Result<(), String> {
    if status == StatusCode::PARTIAL_CONTENT {
        return Err("a part of what was asked for (206)".to_owned());
    }
    for (name, plain) in [(header::CONTENT_ENCODING, "identity"), (header::TRANSFER_ENCODING, "chunked")] {
        let others = |value: &&HeaderValue| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(plain.as_bytes());
        if let Some(value) = headers.get_all(&name).iter().find(others) {
            let value = printable(&String::from_utf8_lossy(value.as_bytes()));
            return Err(format!("encoded (`{name}: {value}`)"));
        }
    }
    Ok(())
}

/// A server's headers, as a plugin may read them.
pub(super) fn incoming(given: HeaderMap, redactor: &Redactor) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(given.len());
    let mut last = None;
    for (name, value) in given {
        let Some(name) = name.or_else(|| last.clone()) else { continue };
        last = Some(name.clone());
        // A header whose name contains a secret value is left out: its name would reveal the value.
        if redactor.text(name.as_str()) != name.as_str() {
            continue;
        }
        let clean = redactor.bytes(value.as_bytes());
        if clean == value.as_bytes() {
            headers.append(name, value);
        } else {
            headers.append(name, HeaderValue::from_bytes(&clean).unwrap_or(HeaderValue::from_static("[redacted]")));
        }
    }
    headers
}

/// Whether names and values together are within the limit.
pub(super) fn check_size(headers: &HeaderMap, limit: u64) -> Result<(), Failure> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes as u64 > limit {
        let message = format!("the headers have {bytes} bytes; the most are {limit} (`http-headers` in `[limits]`)");
        return Err(failure("limit-exceeded", message));
    }
    Ok(())
}

fn fill(
    name: &HeaderName,
    value: &HeaderValue,
    secrets: &PluginSecrets,
    origin: &Origin,
) -> Result<HeaderValue, Failure> {
    let Ok(text) = value.to_str() else { return Ok(value.clone()) };
    if mentions_secret(text) {
        return secret_value(name, &secrets.fill_for(text, origin)?);
    }
    // Libraries encode user and password (RFC 7617); a placeholder is inside.
    let encoded = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    if *name == header::AUTHORIZATION
        && let Some((_, encoded)) = encoded
        && let Ok(decoded) = STANDARD.decode(encoded.trim())
        && let Ok(decoded) = String::from_utf8(decoded)
        && mentions_secret(&decoded)
    {
        let filled = secrets.fill_for(&decoded, origin)?;
        let encoded = Zeroizing::new(STANDARD.encode(filled.as_bytes()));
        return secret_value(name, &Zeroizing::new(format!("Basic {}", encoded.as_str())));
    }
    Ok(value.clone())
}

fn secret_value(name: &HeaderName, text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text).map_err(|_| {
        failure("invalid-argument", format!("the secret in the header `{name}` holds characters that a header cannot"))
    })?;
    // Keeps it out of the debug output of every library on the way.
    value.set_sensitive(true);
    Ok(value)
}
